import NIOCore

/// Cuts the DATA of one stream into gRPC messages: one flag byte, four bytes of length, the message.
///
/// The usual chunk is exactly one message and is returned as a range of that chunk, uncopied. A message that
/// spans chunks is collected; what is kept grows with the bytes that arrived, not with the length that was
/// announced.
struct MessageDeframer {
    /// What the next bytes of a chunk were.
    enum Step: Equatable {
        /// The chunk is used up.
        case needsMore
        /// A message lies in the chunk at these offsets.
        case message(Range<Int>)
        /// A message that spanned chunks is complete.
        case collected(ByteBuffer)
        /// A message announces more bytes than the limit; nothing after it can be read.
        case tooLarge(Int)
        /// A message says that it is compressed.
        case compressed
        /// A message has a flag byte that is neither 0 nor 1.
        case malformed
    }

    private static let prefixByteCount = 5
    private static let firstReservation = 65_536

    private var prefix: UInt64 = 0
    private var prefixBytesSeen = 0
    private var partial: ByteBuffer?
    private var missingByteCount = 0

    /// The bytes of an incomplete message that are kept.
    var keptByteCount: Int { self.partial?.readableBytes ?? 0 }

    /// The memory that is reserved for it.
    var keptCapacity: Int { self.partial?.capacity ?? 0 }

    /// Whether a message has begun and not ended.
    var isInsideMessage: Bool { self.partial != nil || self.prefixBytesSeen > 0 }

    /// Returns what comes next in `chunk` and moves `offset` behind it.
    ///
    /// Call it until it returns ``Step/needsMore`` or an error; after an error, no more.
    mutating func next(in chunk: RawSpan, from offset: inout Int, limit: Int) -> Step {
        if self.partial != nil { return self.collect(from: chunk, &offset) }
        while self.prefixBytesSeen < Self.prefixByteCount {
            guard offset < chunk.byteCount else { return .needsMore }
            // In bounds by the guard above.
            let byte = unsafe chunk.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            self.prefix = self.prefix << 8 | UInt64(byte)
            self.prefixBytesSeen += 1
            offset += 1
        }
        let flag = UInt8(truncatingIfNeeded: self.prefix >> 32)
        let length = Int(UInt32(truncatingIfNeeded: self.prefix))
        self.prefix = 0
        self.prefixBytesSeen = 0
        guard flag == 0 else { return flag == 1 ? .compressed : .malformed }
        guard length <= limit else { return .tooLarge(length) }
        if chunk.byteCount - offset >= length {
            let range = offset..<offset + length
            offset += length
            return .message(range)
        }
        var buffer = ByteBuffer()
        buffer.reserveCapacity(min(length, max(Self.firstReservation, chunk.byteCount - offset)))
        self.partial = buffer
        self.missingByteCount = length
        return self.collect(from: chunk, &offset)
    }

    private mutating func collect(from chunk: RawSpan, _ offset: inout Int) -> Step {
        let count = min(self.missingByteCount, chunk.byteCount - offset)
        self.partial?.writeBytes(chunk.extracting(offset..<offset + count))
        offset += count
        self.missingByteCount -= count
        guard self.missingByteCount == 0, let message = self.partial.take() else { return .needsMore }
        return .collected(message)
    }
}
