package import NIOCore

/// The value at `cilium/.heartbeat`: the time at which it was written.
///
/// Mesh clients count each write as a sign of life and never read the value; after 120 seconds without one
/// they declare the connection dead. Cilium writes the same text into its canaries.
package struct Heartbeat: Sendable, Hashable {
    /// The key at which heartbeats are written.
    package static let key = KeyPrefixes.heartbeat

    /// When the heartbeat was written.
    package let time: Timestamp

    /// Creates the heartbeat of a moment.
    package init(at time: Timestamp) {
        self.time = time
    }

    /// Returns the value's bytes.
    package func encoded() -> ByteBuffer {
        ByteBuffer(string: self.time.rfc3339)
    }
}
