import NIOCore

/// What a put that is to be watched carries in its value: who made it, its number and when it was due.
struct PutMark {
    /// How many writers there can be.
    static let writers = 100
    private static let perWriter = 100_000_000

    var writer: Int
    /// Counted for each writer.
    var sequence: Int
    /// In nanoseconds of the monotonic clock.
    var dueAt: UInt64

    init(writer: Int, sequence: Int, dueAt: UInt64) {
        self.writer = writer
        self.sequence = sequence
        self.dueAt = dueAt
    }

    init?(_ value: UnsafeRawBufferPointer) {
        guard value.count >= KeyNames.digits + 8, let number = KeyNames.number(in: value) else {
            return nil
        }
        self.writer = number / Self.perWriter
        self.sequence = number % Self.perWriter
        self.dueAt = UInt64(
            bigEndian: value.loadUnaligned(fromByteOffset: KeyNames.digits, as: UInt64.self)
        )
    }

    func append(to buffer: inout ByteBuffer) {
        KeyNames.appendDigits(self.writer * Self.perWriter + self.sequence, to: &buffer)
        buffer.writeInteger(self.dueAt)
    }
}

/// Puts keys one after the other, as fast as they are answered or at a steady rate.
///
/// Loop-bound. A put waits for the answer to the one before, so that watchers must see them in order. At a
/// steady rate it counts as sent when it was due, so that a server which answers late does not hide its own
/// delay.
final class PacedWriter: StreamReceiver {
    struct Plan: Sendable {
        /// The puts go to these keys in turn.
        var keyCount: Int
        var valueSize: Int
        var filler: ByteBuffer
    }

    private let pool: ConnectionPool
    private let keys: KeyNames
    private let plan: Plan
    private let number: Int
    private var stream: GRPCStream?
    private var sequence = 0
    private var unsent = 0
    private var isAnswered = true
    private var lastRevision: Int64 = 0
    private var interval: TimeAmount?
    private var nextDue = NIODeadline.now()
    private var done: EventLoopPromise<Void>?

    init(number: Int, connection: ClientConnection, pool: ConnectionPool, keys: KeyNames, plan: Plan) {
        self.pool = pool
        self.keys = keys
        self.plan = plan
        self.number = number
        self.stream = GRPCStream(connection: connection, receiver: self)
    }

    /// Makes `count` puts, `rate` in a second or, when that is zero, without a pause.
    ///
    /// Done when all are answered.
    func run(_ count: Int, rate: Int) -> EventLoopFuture<Void> {
        guard count > 0 else { return self.pool.eventLoop.makeSucceededVoidFuture() }
        let done = self.pool.eventLoop.makePromise(of: Void.self)
        self.done = done
        self.unsent = count
        self.interval = rate > 0 ? .nanoseconds(1_000_000_000 / Int64(rate)) : nil
        self.nextDue = .now()
        self.sendCatching()
        return done.futureResult
    }

    private func sendCatching() {
        do throws(LoadError) { try self.send() } catch { self.pool.failed.fail(error) }
    }

    /// Makes the next put when it is due and the last one was answered.
    private func send() throws(LoadError) {
        guard self.unsent > 0, self.isAnswered else { return }
        let now = NIODeadline.now()
        guard let interval = self.interval else { return try self.put(dueAt: now) }
        guard now >= self.nextDue else {
            self.pool.eventLoop.assumeIsolated().scheduleTask(deadline: self.nextDue) { self.sendCatching() }
            return
        }
        let due = self.nextDue
        self.nextDue = due + interval
        try self.put(dueAt: due)
    }

    private func put(dueAt: NIODeadline) throws(LoadError) {
        let mark = PutMark(
            writer: self.number,
            sequence: self.sequence,
            dueAt: dueAt.uptimeNanoseconds
        )
        self.sequence += 1
        self.unsent -= 1
        self.isAnswered = false
        try self.stream?.call(.put) { buffer in
            Requests.put(
                (mark.sequence + self.number * 7919) % self.plan.keyCount,
                of: self.keys,
                size: self.plan.valueSize,
                filler: self.plan.filler,
                into: &buffer
            ) { mark.append(to: &$0) }
        }
    }

    func received(_ message: UnsafeRawBufferPointer, on stream: GRPCStream) throws(LoadError) {
        let revision = try PutAnswer(message).revision
        guard revision > self.lastRevision else {
            throw .wrongAnswer("a Put got revision \(revision) after \(self.lastRevision)")
        }
        self.lastRevision = revision
    }

    func ended(_ stream: GRPCStream, status: Int, message: String) throws(LoadError) {
        guard status == 0 else { throw .status(call: "a Put", code: status, message: message) }
        self.isAnswered = true
        if self.unsent > 0 { try self.send() } else { self.done?.succeed() }
    }
}
