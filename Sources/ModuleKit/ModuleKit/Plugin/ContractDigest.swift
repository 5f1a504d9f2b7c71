/// Written by `Tools/contract-digest`; a test fails if it is not that of the sources.
public enum ContractDigest {
    @_alwaysEmitIntoClient
    public static var sources: UInt64 { 0xe59a_fd42_7a41_d45f }
}
