import NIOCore

/// Cuts a body into the JSON objects that follow one another in it, with or without white space between.
///
/// It looks only at braces, brackets and strings; whether an object is sound is for its decoder to say. What
/// is kept of an incomplete one is bounded by `limit`.
struct JSONSplitter {
    /// What the next bytes of a chunk were.
    enum Step: Equatable {
        /// The chunk is used up.
        case needsMore
        /// An object is complete.
        case object(ByteBuffer)
        /// Something that is not an object; nothing after it can be read.
        case malformed
        /// An object is longer than the limit; nothing after it can be read.
        case tooLarge
        /// An object has more levels than anyone needs; nothing after it can be read.
        case tooDeep
    }

    /// As many levels as the decoder accepts.
    static let maximumDepth = 100

    private let limit: Int
    private var kept = ByteBuffer()
    private var depth = 0
    private var isInString = false
    private var isEscaped = false

    /// Creates a splitter for objects of at most `limit` bytes.
    init(limit: Int) {
        self.limit = limit
    }

    /// The bytes of an incomplete object that are kept.
    var keptByteCount: Int { self.kept.readableBytes }

    /// Returns what comes next in `chunk`, and takes it from there.
    ///
    /// Call it until it returns ``Step/needsMore`` or a failure; after a failure, no more.
    mutating func next(from chunk: inout ByteBuffer) -> Step {
        if self.depth == 0 {
            let spaces = chunk.readableBytesView.prefix(while: Self.isWhiteSpace).count
            chunk.moveReaderIndex(forwardBy: spaces)
            guard let first = chunk.readableBytesView.first else { return .needsMore }
            guard first == UInt8(ascii: "{") else { return .malformed }
        }
        let count = self.scan(chunk.readableBytesUInt8Span)
        guard self.depth <= Self.maximumDepth else { return .tooDeep }
        guard self.kept.readableBytes + count <= self.limit else { return .tooLarge }
        if var object = chunk.readSlice(length: count) { self.kept.writeBuffer(&object) }
        guard self.depth == 0 else { return .needsMore }
        defer { self.kept = ByteBuffer() }
        return .object(self.kept)
    }

    /// Returns how many bytes belong to the object, if it ends here, or to one that goes on.
    private mutating func scan(_ bytes: Span<UInt8>) -> Int {
        for index in bytes.indices {
            self.see(bytes[index])
            if self.depth == 0 || self.depth > Self.maximumDepth { return index + 1 }
        }
        return bytes.count
    }

    private mutating func see(_ byte: UInt8) {
        if self.isInString {
            if self.isEscaped {
                self.isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                self.isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                self.isInString = false
            }
            return
        }
        switch byte {
        case UInt8(ascii: "\""): self.isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): self.depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"): self.depth -= 1
        default: break
        }
    }

    private static func isWhiteSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d
    }
}
