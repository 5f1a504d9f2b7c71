/// Written by `Tools/contract-digest`; a test fails if it is not that of the sources.
public enum ContractDigest {
    @_alwaysEmitIntoClient
    public static var sources: UInt64 { 0x0000_0000_0000_0000 }
}
