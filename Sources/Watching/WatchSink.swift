package import NIOCore

/// The stream that a watcher writes to.
///
/// Bound to the registry's event loop.
///
/// From inside its functions it may call ``WatchStream/becameWritable()`` and ``WatchStream/close()``,
/// nothing else.
package protocol WatchSink: AnyObject {
    /// Whether the stream takes more now; when it turns true again, ``WatchStream/becameWritable()`` is
    /// called.
    var isWritable: Bool { get }

    /// Writes one response: a head, and a segment of events that other streams are sent as well.
    func send(head: ByteBuffer, segment: ByteBuffer)

    /// Lets what was sent leave; called once per sink and turn.
    func flush()

    /// The watcher was cancelled because the history from its place on is gone; `horizon` is the oldest
    /// revision left.
    func watcherWasCompacted(_ watchID: Int64, horizon: Int64)
}
