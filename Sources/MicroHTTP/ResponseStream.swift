package import NIOCore
import Synchronization

/// A body that is asked for when the client can take more; what a listener costs is what these closures keep.
///
/// Nothing is buffered but the piece being sent. While there is nothing to send, the connection sleeps: no
/// thread, no task and no timer belongs to it. ``StreamWaker/wake()`` ends the sleep.
package struct ResponseStream: Sendable {
    /// What the source has.
    package enum Step: Sendable {
        /// Bytes; what exceeds the asked number is kept and sent next.
        case bytes(ByteBuffer)
        /// Nothing now. The source calls ``StreamWaker/wake()`` when that may have changed.
        case later
        /// Nothing any more.
        case end
        /// The body cannot be completed; the connection is closed so that the client sees it.
        case failure
    }

    /// How a stream ended.
    package enum Ending: Hashable, Sendable {
        /// All was sent that the source had.
        case sent
        /// The client went away.
        case clientGone
        /// The client did not take what there was to take in time.
        case timedOut
        /// The server was stopped, or the answer could not be sent.
        case stopped
    }

    let waker: StreamWaker
    let next: @Sendable (_ maximumBytes: Int) -> Step
    let ended: @Sendable (Ending) -> Void

    /// Describes a stream.
    ///
    /// - Parameters:
    ///   - waker: The handle that wakes this stream, and no other.
    ///   - next: Returns the next bytes. Called on the daemon's thread, one call at a time; must not block.
    ///   - ended: Called exactly once when the stream is over, whatever the reason, for a HEAD request and
    ///     a client that had gone before the first byte as well. Must not block.
    package init(
        waker: StreamWaker,
        next: @escaping @Sendable (_ maximumBytes: Int) -> Step,
        ended: @escaping @Sendable (Ending) -> Void
    ) {
        self.waker = waker
        self.next = next
        self.ended = ended
    }

    /// Takes what the source has without a client, for tests of handlers.
    ///
    /// - Returns: The bytes up to the end, or to the moment at which there was nothing.
    package func takeAll() -> [UInt8] {
        var bytes: [UInt8] = []
        while case .bytes(let piece) = self.next(65_536) { bytes += Array(piece.readableBytesView) }
        self.ended(.sent)
        return bytes
    }
}

/// Wakes one sleeping stream.
package final class StreamWaker: Sendable {
    private enum State {
        case waiting
        case attached(Exchange)
        case over
    }

    private let state = Mutex(State.waiting)

    /// Makes a handle for one stream.
    package init() {}

    /// Has the source asked again.
    ///
    /// Any thread; never blocks; does nothing before the stream begins and after it ended. Waking too often
    /// costs a question.
    package func wake() {
        // Before the stream begins there is nothing to note: its first question is still to come.
        let exchange = self.state.withLock { state -> Exchange? in
            guard case .attached(let exchange) = state else { return nil }
            return exchange
        }
        exchange?.wake()
    }

    func attach(_ exchange: Exchange) {
        self.state.withLock { $0 = .attached(exchange) }
    }

    func detach() {
        self.state.withLock { $0 = .over }
    }
}
