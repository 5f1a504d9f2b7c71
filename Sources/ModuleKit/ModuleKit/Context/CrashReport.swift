import CModuleKit

/// What is left to do about a Swift trap, which ends the process.
public enum CrashReport {
    /// From now on a trap writes to standard error which actor and message it was, before it ends the
    /// process as it would have.
    public static func install() { souk_install_crash_handler() }
}
