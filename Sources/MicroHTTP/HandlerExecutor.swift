import CMicroHTTPD
import Glibc
import Synchronization

/// Runs the tasks of handlers on threads of their own, which give way to the rest of the process.
///
/// Swift's own threads have one priority for everything, and an event loop that shares a core with a busy
/// handler would wait for its whole slice of time. Any thread; the threads end when nobody holds the
/// executor any more.
final class HandlerExecutor: TaskExecutor {
    /// What the threads share; they hold it, and not the executor.
    private final class Queue: Sendable {
        struct State {
            /// Taken from the end; filled from `arrived` when it is empty.
            var jobs: [UnownedJob] = []
            var arrived: [UnownedJob] = []
            var isClosed = false
        }

        let state = Mutex(State())
        /// Counts the jobs that wait (an `eventfd` as a semaphore).
        let bell: Int32

        init() throws(ServerError) {
            self.bell = eventfd(0, Int32(EFD_CLOEXEC | EFD_SEMAPHORE))
            guard self.bell >= 0 else { throw .systemCall("eventfd", code: errno) }
        }

        deinit {
            _ = Glibc.close(self.bell)
        }

        func ring(_ count: UInt64 = 1) {
            var count = count
            _ = unsafe write(self.bell, &count, 8)
        }

        /// The next job; `nil` when there will be none.
        func next() -> UnownedJob? {
            while true {
                var count: UInt64 = 0
                guard unsafe read(self.bell, &count, 8) == 8 || errno == EINTR else { return nil }
                let (job, isClosed) = self.state.withLock { state -> (UnownedJob?, Bool) in
                    if state.jobs.isEmpty {
                        state.jobs = state.arrived.reversed()
                        state.arrived = []
                    }
                    return (state.jobs.popLast(), state.isClosed)
                }
                if let job { return job }
                if isClosed { return nil }
            }
        }
    }

    /// A thread's argument.
    @safe private final class Worker: Sendable {
        let queue: Queue
        let executor: UnownedTaskExecutor

        init(_ queue: Queue, _ executor: UnownedTaskExecutor) {
            self.queue = queue
            unsafe self.executor = executor
        }
    }

    private static let threadCount = 2

    private let queue: Queue

    /// Starts the threads.
    init() throws(ServerError) {
        self.queue = try Queue()
        for _ in 0..<Self.threadCount {
            let worker = unsafe Worker(self.queue, self.asUnownedTaskExecutor())
            var thread = pthread_t()
            let argument = unsafe Unmanaged.passRetained(worker).toOpaque()
            let code = unsafe pthread_create(
                &thread,
                nil,
                { argument in
                    guard let argument = unsafe argument else { return nil }
                    let worker = unsafe Unmanaged<Worker>.fromOpaque(argument).takeRetainedValue()
                    ThreadPriority.giveWay()
                    // A job holds its task, and the task this executor, so it is there while a job runs.
                    while let job = worker.queue.next() {
                        unsafe job.runSynchronously(on: worker.executor)
                    }
                    return nil
                },
                argument
            )
            guard code == 0 else {
                unsafe Unmanaged<Worker>.fromOpaque(argument).release()
                throw .systemCall("pthread_create", code: code)
            }
            pthread_detach(thread)
        }
    }

    deinit {
        self.queue.state.withLock { $0.isClosed = true }
        self.queue.ring(UInt64(Self.threadCount))
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        self.queue.state.withLock { $0.arrived.append(job) }
        self.queue.ring()
    }
}

/// How urgent this server's threads are beside those of the rest of the process.
enum ThreadPriority {
    /// Ten steps below the others: about a tenth of a core that everybody wants.
    private static let niceness: Int32 = 10

    /// Lets other threads of the process go first from now on.
    static func giveWay() {
        // On Linux this is about the calling thread. Whether it works changes nothing but speed.
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
    }
}
