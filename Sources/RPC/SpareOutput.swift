import NIOCore

/// The memory in which the connections of one event loop collect what they write, one after the other.
///
/// Bound to its loop. A connection needs it only from the first frame of a write until the write is done, so
/// a thousand idle connections need one such buffer, not a thousand, and it stays in the processor's caches.
final class SpareOutput {
    /// A buffer that has grown further is freed rather than kept.
    private static let keptCapacity = 131_072

    private var spare = ByteBuffer()

    init() {}

    /// Lends an empty buffer; who asks while it is lent gets a new one.
    func take() -> ByteBuffer {
        var buffer = ByteBuffer()
        swap(&buffer, &self.spare)
        return buffer
    }

    /// Takes a buffer back that was written and is no longer needed by its borrower.
    func giveBack(_ buffer: consuming ByteBuffer) {
        guard buffer.capacity <= Self.keptCapacity else { return }
        // Ours alone by now, so that clearing it allocates nothing.
        buffer.clear()
        self.spare = buffer
    }
}
