/// Written by `Tools/contract-digest`; a test fails if it is not that of the sources.
public enum ContractDigest {
    /// Of the contract library's sources, as it was when the caller was compiled.
    @_alwaysEmitIntoClient
    public static var sources: UInt64 { 0xe3ce_6b65_f354_001a }
}
