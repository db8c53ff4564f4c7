import CMicroHTTPD
import NIOCore
import Synchronization

/// One request and its answer.
///
/// ```
/// collecting ──► running ──► answered ──► sending ─────────────────┐
///     │             │                        ├──► streaming ◄──► idle
///     │             └──► abandoned           │         │
///     └── refused ───────────────────────────┘         └──► finished
/// ```
/// The connection is suspended in `running` and `idle`, and nowhere else. Whoever leaves one of these,
/// under the lock, resumes the connection, under the same lock: so it is resumed exactly once, and nobody
/// touches the library's handle after that but the daemon's thread.
///
/// Unchecked because of the handle and of what belongs to the daemon's thread.
@safe final class Exchange: @unchecked Sendable {
    enum State {
        case collecting
        case running
        case answered(Response)
        case sending
        case streaming
        case idle
        case abandoned
        case finished
    }

    struct Shared {
        var state = State.collecting
        var task: Task<Void, Never>?
        /// The source was woken while its stream did not sleep.
        var isWoken = false
        /// Nobody waits for the answer any more.
        var isAbandoned = false
    }

    let owner: Connection
    let handle: OpaquePointer
    let shared = Mutex(Shared())

    // The daemon's thread only.
    var head: RequestHead?
    var body = ByteBuffer()
    var bodyPlan = BodyPlan.memory(limit: 0)
    /// The bytes of the body that were kept.
    var receivedBytes = 0
    var discardedBytes = 0
    var isAdmitted = false
    var stream: ResponseStream?
    var leftover = ByteBuffer()

    var core: ServerCore { self.owner.core }

    init(handle: OpaquePointer, owner: Connection) {
        unsafe self.handle = handle
        self.owner = owner
    }

    // MARK: - The handler's task

    /// Suspends the connection and starts the task that finds the answer.
    ///
    /// The daemon's thread only, within the access callback. Returns `false` when nobody waits any more.
    func run(_ request: Request) -> Bool {
        self.owner.wait()
        let isRunning = self.shared.withLock { shared -> Bool in
            guard !shared.isAbandoned else { return false }
            unsafe MHD_suspend_connection(self.handle)
            shared.state = .running
            return true
        }
        guard isRunning else { return false }
        let task = Task(executorPreference: self.core.executor) {
            self.answer(await self.core.handler(request))
        }
        let isRunningStill = self.shared.withLock { shared -> Bool in
            guard case .running = shared.state else { return false }
            shared.task = task
            return true
        }
        // What was noted before there was a task to cancel. An answer that came at once is not harmed.
        if !isRunningStill || self.owner.isHungUp { task.cancel() }
        return true
    }

    /// Takes the handler's answer and has the daemon's thread send it.
    private func answer(_ response: Response) {
        let isWanted = self.shared.withLock { shared -> Bool in
            guard case .running = shared.state else { return false }
            shared.state = .answered(response)
            shared.task = nil
            unsafe MHD_resume_connection(self.handle)
            return true
        }
        if !isWanted, case .stream(let stream) = response.body { stream.ended(.stopped) }
    }

    // MARK: - Other threads

    /// Notes that the client closed its side.
    ///
    /// A handler is cancelled. A stream ends when it has nothing to send. Whether the client closed both
    /// directions cannot be known; the library takes either for the end.
    func clientHungUp() {
        let task = self.shared.withLock { shared -> Task<Void, Never>? in
            if case .running = shared.state { return shared.task }
            self.wake(&shared)
            return nil
        }
        task?.cancel()
    }

    /// Asks the source of a stream again.
    func wake() {
        self.shared.withLock { self.wake(&$0) }
    }

    /// Ends the request: nobody sends its answer.
    func abandon() {
        let task = self.shared.withLock { shared -> Task<Void, Never>? in
            shared.isAbandoned = true
            guard case .running = shared.state else {
                self.wake(&shared)
                return nil
            }
            shared.state = .abandoned
            unsafe MHD_resume_connection(self.handle)
            return shared.task.take()
        }
        task?.cancel()
    }

    private func wake(_ shared: inout Shared) {
        switch shared.state {
        case .idle:
            shared.state = .streaming
            unsafe MHD_resume_connection(self.handle)
        case .streaming:
            shared.isWoken = true
        default:
            break
        }
    }
}
