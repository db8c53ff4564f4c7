import CMicroHTTPD
import Glibc
import NIOCore
import Synchronization

/// The thread that does what libmicrohttpd's cannot: total time limits, hang-ups of suspended clients, and
/// stops.
///
/// The library forgets about a connection while it is suspended, and its own time-out only measures
/// idleness. So this thread has an `epoll` of its own, on which each socket reports only that its client
/// hung up, and sleeps until the earliest deadline. It also joins the library's threads, which blocks, when
/// a daemon is retired.
///
/// All methods but `run`: any thread.
final class Watchdog: Sendable {
    private struct Table {
        var connections: [UInt64: Connection] = [:]
        var perAddress: [AddressKey: Int] = [:]
        var nextID: UInt64 = 1
        var retirements: [Retirement] = []
        var isFinishing = false
        var isFinished = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private struct Retirement {
        var daemon: Daemon
        var deadline: UInt64
        var isForced = false
    }

    /// How long the library gets to notice that its connections were cut, before it is stopped anyway.
    private static let forcedNanoseconds: UInt64 = 2_000_000_000

    private let now: @Sendable () -> NIODeadline
    private let epoll: Int32
    private let bell: Int32
    private let nextCheck = Atomic(UInt64.max)
    private let table = Mutex(Table())

    init(now: @escaping @Sendable () -> NIODeadline) throws(ServerError) {
        self.now = now
        self.epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard self.epoll >= 0 else { throw .systemCall("epoll_create1", code: errno) }
        self.bell = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard self.bell >= 0 else {
            let code = errno
            _ = Glibc.close(self.epoll)
            throw .systemCall("eventfd", code: code)
        }
        self.observe(self.bell, EPOLLIN.rawValue, id: 0)
        var thread = pthread_t()
        let code = unsafe pthread_create(&thread, nil, runWatchdog, Unmanaged.passRetained(self).toOpaque())
        guard code == 0 else {
            unsafe Unmanaged.passUnretained(self).release()
            throw .systemCall("pthread_create", code: code)
        }
        pthread_detach(thread)
    }

    deinit {
        _ = Glibc.close(self.epoll)
        _ = Glibc.close(self.bell)
    }

    private func observe(_ descriptor: Int32, _ events: UInt32, id: UInt64) {
        var event = unsafe epoll_event(events: events | EPOLLET.rawValue, data: epoll_data(u64: id))
        _ = unsafe epoll_ctl(self.epoll, EPOLL_CTL_ADD, descriptor, &event)
    }

    // MARK: - Connections

    /// The number of open connections, and of those with the address.
    func counts(_ key: AddressKey?) -> (all: Int, ofAddress: Int) {
        self.table.withLock { table in
            (table.connections.count, key.flatMap { table.perAddress[$0] } ?? 0)
        }
    }

    /// Adds a connection that `make` makes for its number, and returns how many are open.
    func add(socket: Int32, make: (UInt64) -> Connection) -> (connection: Connection, count: Int) {
        let id = self.table.withLock { table in
            defer { table.nextID += 1 }
            return table.nextID
        }
        let connection = make(id)
        let count = self.table.withLock { table in
            table.connections[id] = connection
            if let key = connection.addressKey { table.perAddress[key, default: 0] += 1 }
            return table.connections.count
        }
        self.observe(socket, EPOLLRDHUP.rawValue, id: id)
        return (connection, count)
    }

    /// Forgets a connection whose socket is about to be closed, and returns how many are open.
    func remove(_ connection: Connection, socket: Int32?) -> Int {
        if let socket {
            _ = unsafe epoll_ctl(self.epoll, EPOLL_CTL_DEL, socket, nil as UnsafeMutablePointer<epoll_event>?)
        }
        return self.table.withLock { table in
            table.connections[connection.id] = nil
            if let key = connection.addressKey, let count = table.perAddress[key] {
                table.perAddress[key] = count > 1 ? count - 1 : nil
            }
            return table.connections.count
        }
    }

    /// Looks at the clock again when the deadline is before all others.
    func noteDeadline(_ deadline: UInt64) {
        guard deadline < self.nextCheck.load(ordering: .sequentiallyConsistent) else { return }
        self.ring()
    }

    /// Has the thread look at everything now.
    func ring() {
        var one: UInt64 = 1
        _ = unsafe write(self.bell, &one, 8)
    }

    // MARK: - Retirement

    /// Stops a daemon that accepts no more, when its connections are gone or `deadline` has passed.
    ///
    /// More than a few at a time are not kept: the one that waits longest is forced.
    func retire(_ daemons: [Daemon], deadline: UInt64) {
        let most = 8
        self.table.withLock { table in
            table.retirements += daemons.map { Retirement(daemon: $0, deadline: deadline) }
            let excess = table.retirements.count - most
            if excess > 0 { for index in 0..<excess { table.retirements[index].deadline = 0 } }
        }
        self.ring()
    }

    /// Stops the daemons of a server that could not start, and the thread.
    func abort(_ daemons: [Daemon]) {
        self.table.withLock { table in
            table.retirements += daemons.map { Retirement(daemon: $0, deadline: 0) }
            table.isFinishing = true
        }
        self.ring()
    }

    /// Retires the last daemons, brings all retirements forward to `deadline`, and returns when all are
    /// stopped.
    ///
    /// Nothing else may be called after it.
    func finish(_ daemons: [Daemon], deadline: UInt64) async {
        self.table.withLock { table in
            table.retirements += daemons.map { Retirement(daemon: $0, deadline: deadline) }
            for index in table.retirements.indices {
                table.retirements[index].deadline = min(table.retirements[index].deadline, deadline)
            }
            table.isFinishing = true
        }
        for connection in self.all() { connection.retire() }
        await withCheckedContinuation { continuation in
            let isOver = self.table.withLock { table in
                if !table.isFinished { table.waiters.append(continuation) }
                return table.isFinished
            }
            if isOver { continuation.resume() }
            self.ring()
        }
    }

    private func all(of daemon: Daemon? = nil) -> [Connection] {
        self.table.withLock { table in
            table.connections.values.filter { daemon == nil || $0.daemon === daemon }
        }
    }

    // MARK: - The thread

    /// Runs until the last daemon is stopped.
    func run() {
        let capacity = 64
        let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: capacity)
        defer { unsafe events.deallocate() }
        var isOver = false
        while !isOver {
            let count = unsafe epoll_wait(self.epoll, events, Int32(capacity), self.millisecondsToSleep())
            for index in 0..<Int(max(0, count)) {
                let id = unsafe events[index].data.u64
                guard id != 0 else {
                    var value: UInt64 = 0
                    _ = unsafe Glibc.read(self.bell, &value, 8)
                    continue
                }
                self.table.withLock { $0.connections[id] }?.hangUp()
            }
            self.checkDeadlines()
            isOver = self.serveRetirements()
        }
        let waiters = self.table.withLock { table in
            table.isFinished = true
            defer { table.waiters = [] }
            return table.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    private func millisecondsToSleep() -> Int32 {
        let next = self.nextCheck.load(ordering: .sequentiallyConsistent)
        guard next != .max else { return -1 }
        let now = self.now().uptimeNanoseconds
        // Rounded up, or the last millisecond would be spent asking.
        return next <= now ? 0 : Int32(clamping: (next - now) / 1_000_000 + 1)
    }

    /// Cuts the connections whose time is over, and finds the next deadline.
    private func checkDeadlines() {
        let now = self.now().uptimeNanoseconds
        // Whoever sets a deadline while we look rings: what we then miss is seen in the next turn.
        self.nextCheck.store(.max, ordering: .sequentiallyConsistent)
        var next = UInt64.max
        let expired = self.table.withLock { table -> [Connection] in
            for retirement in table.retirements { next = min(next, retirement.deadline) }
            return table.connections.values.filter { connection in
                let deadline = connection.deadline.load(ordering: .sequentiallyConsistent)
                guard deadline != 0 else { return false }
                if deadline > now { next = min(next, deadline) }
                return deadline <= now
            }
        }
        self.nextCheck.store(next, ordering: .sequentiallyConsistent)
        for connection in expired { connection.expire() }
    }

    /// Stops the daemons that are done, and returns whether it was the last.
    private func serveRetirements() -> Bool {
        let now = self.now().uptimeNanoseconds
        let (done, forced) = self.table.withLock { table -> ([Daemon], [Daemon]) in
            var done: [Daemon] = []
            var forced: [Daemon] = []
            for index in table.retirements.indices.reversed() {
                let retirement = table.retirements[index]
                if retirement.daemon.isIdle || (retirement.isForced && retirement.deadline <= now) {
                    done.append(retirement.daemon)
                    table.retirements.remove(at: index)
                } else if retirement.deadline <= now {
                    forced.append(retirement.daemon)
                    table.retirements[index].isForced = true
                    table.retirements[index].deadline = now + Self.forcedNanoseconds
                }
            }
            return (done, forced)
        }
        for daemon in forced {
            daemon.force()
            for connection in self.all(of: daemon) { connection.abandon() }
        }
        for daemon in done {
            daemon.force()
            for connection in self.all(of: daemon) { connection.abandon() }
            daemon.stop()
        }
        if !forced.isEmpty || !done.isEmpty { self.ring() }
        return self.table.withLock { $0.isFinishing && $0.retirements.isEmpty }
    }
}
