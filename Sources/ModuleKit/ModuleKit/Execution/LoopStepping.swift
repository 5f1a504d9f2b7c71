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
    public var hasWork: Bool {
        readyHead != nil || !jobs.isEmpty || hasRemoteWork || !endHooks.isEmpty || !unannounced.isEmpty
    }

    /// Timers that are set.
    public var timerCount: Int { timers.count }

    /// Frees everything that the loop holds: timers, jobs, adopted runnables and what waits in them.
    /// After the driver has stopped; tokens that are destroyed may still answer to other runnables of
    /// the node, so all loops are emptied before any is freed.
    public func discardContents() {
        withCurrent {
            timers.removeAll()
            endHooks.removeAll()
            finishTasks()
            for runnable in adopted { runnable.discardAll() }
            releaseReplaced()
        }
    }

    /// Lets tasks that were told of the end come to theirs, which frees what they hold; closures that
    /// wait are let go of without being run. A task that never ends is given up.
    private func finishTasks() {
        for _ in 0..<64 {
            takeRemoteJobs()
            if jobs.isEmpty { return }
            let waiting = jobs
            jobs.removeAll()
            for case .job(let job) in waiting { LoopJob.job(job).run(on: self) }
        }
        jobs.removeAll()
    }

    /// Lets go of the adopted runnables; after `discardContents` of all loops of the node.
    public func releaseAdopted() {
        readyHead = nil
        readyTail = nil
        adopted.removeAll()
    }
}
