/// Written by `Tools/contract-digest`; a test fails if it is not that of the sources.
public enum ContractDigest {
    @_alwaysEmitIntoClient
    public static var sources: UInt64 { 0x4a4c_0598_509e_02a9 }
}
