import CModuleKit

extension Loop {
    /// Makes the loop the current one of this thread for the time of the body. Drivers use it.
    public func withCurrent<Result>(_ body: () throws -> Result) rethrows -> Result {
        let before = souk_current_loop()
        souk_set_current_loop(address)
        defer { souk_set_current_loop(before) }
        return try body()
    }

    /// Sets the clock; only for drivers of virtual time.
    public func setNow(_ time: UInt64) { now = time }

    /// Keeps a runnable alive as long as the loop. On the loop, or before it starts.
    public func adopt(_ runnable: Runnable) { adopted.append(runnable) }

    /// Whether anything waits for a turn now, timers aside.
    public var hasWork: Bool { readyHead != nil || !jobs.isEmpty || hasRemoteWork || !endHooks.isEmpty }

    /// Timers that are set.
    public var timerCount: Int { timers.count }

    /// Frees everything that the loop holds: timers, jobs, adopted runnables and what waits in them.
    /// After the driver has stopped; tokens that are destroyed may still answer to other runnables of
    /// the node, so all loops are emptied before any is freed.
    public func discardContents() {
        withCurrent {
            timers.removeAll()
            endHooks.removeAll()
            for runnable in adopted { runnable.discardAll() }
            jobs.removeAll()
            releaseReplaced()
        }
    }

    /// Lets go of the adopted runnables; after `discardContents` of all loops of the node.
    public func releaseAdopted() {
        readyHead = nil
        readyTail = nil
        adopted.removeAll()
    }
}
