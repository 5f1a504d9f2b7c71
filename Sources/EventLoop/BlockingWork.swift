import CLibUV
import Glibc
import ModuleKit
import Synchronization

extension LoopThread {
    /// Runs blocking work on libuv's pool, then `done` on the loop. From any thread.
    public func blocking(_ work: @escaping @Sendable () -> Void, done: @escaping @Sendable () -> Void) {
        guard loop.isCurrent else {
            loop.execute { [self] in blocking(work, done: done) }
            return
        }
        let request = UnsafeMutablePointer<uv_work_t>.allocate(capacity: 1)
        let job = Unmanaged.passRetained(BlockingJob(work, done)).toOpaque()
        request.pointee.data = job
        let status = uv_queue_work(
            driver.uv, request,
            { request in
                guard let data = request?.pointee.data else { return }
                Unmanaged<BlockingJob>.fromOpaque(data).takeUnretainedValue().work()
            },
            { request, _ in
                guard let request, let data = request.pointee.data else { return }
                let job = Unmanaged<BlockingJob>.fromOpaque(data).takeRetainedValue()
                request.deallocate()
                job.done()
            })
        if status != 0 {
            request.deallocate()
            Unmanaged<BlockingJob>.fromOpaque(job).release()
        }
    }
}

private final class BlockingJob: Sendable {
    let work: @Sendable () -> Void
    let done: @Sendable () -> Void

    init(_ work: @escaping @Sendable () -> Void, _ done: @escaping @Sendable () -> Void) {
        self.work = work
        self.done = done
    }
}

/// A thread of its own for blocking work that must stay in order (a database's writer).
public final class ThreadWorker: Worker, @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var queue: [@Sendable () -> Void] = []
    private var isStopping = false
    private var thread = pthread_t()
    private var hasThread = false

    /// - Parameter name: of the thread, for those who look at it; 15 bytes at most are kept.
    public init(name: String) {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
        let context = Unmanaged.passRetained(self).toOpaque()
        let status = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<ThreadWorker>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context)
        hasThread = status == 0
        if hasThread {
            pthread_setname_np(thread, String(name.prefix(15)))
        } else {
            Unmanaged<ThreadWorker>.fromOpaque(context).release()
        }
    }

    deinit {
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(condition)
        mutex.deallocate()
        condition.deallocate()
    }

    /// Runs `work` after everything submitted before it, then `done`; nothing of it after `stop`.
    public func submit(_ work: @escaping @Sendable () -> Void, done: @escaping @Sendable () -> Void) {
        let job: @Sendable () -> Void = {
            work()
            done()
        }
        pthread_mutex_lock(mutex)
        let isOpen = !isStopping
        if isOpen && hasThread { queue.append(job) }
        pthread_mutex_unlock(mutex)
        pthread_cond_signal(condition)
        // The system had no thread to give: slow is better than never.
        if isOpen && !hasThread { job() }
    }

    /// Waits for what was submitted, then ends the thread. Not on a loop.
    public func stop() {
        pthread_mutex_lock(mutex)
        let mustJoin = hasThread && !isStopping
        isStopping = true
        pthread_mutex_unlock(mutex)
        pthread_cond_signal(condition)
        if mustJoin { pthread_join(thread, nil) }
    }

    private func run() {
        while true {
            pthread_mutex_lock(mutex)
            while queue.isEmpty && !isStopping { pthread_cond_wait(condition, mutex) }
            let jobs = queue
            queue.removeAll(keepingCapacity: true)
            let isLast = isStopping && jobs.isEmpty
            pthread_mutex_unlock(mutex)
            if isLast { return }
            for job in jobs { job() }
        }
    }
}
