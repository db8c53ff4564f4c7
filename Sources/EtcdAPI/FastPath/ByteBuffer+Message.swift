package import NIOCore

extension ByteBuffer {
    /// Appends a message of exactly `byteCount` bytes, which `body` writes in place.
    ///
    /// A message that is not as long as announced is a programmer error and traps: its bytes would
    /// desynchronise the stream that they are sent on.
    package mutating func writeMessage(byteCount: Int, _ body: (inout ProtoWriter) -> Void) {
        self.writeWithUnsafeMutableBytes(minimumWritableBytes: byteCount) { memory in
            var writer = ProtoWriter(UnsafeMutableRawBufferPointer(rebasing: memory[..<byteCount]))
            body(&writer)
            precondition(writer.count == byteCount, "an encoded message is smaller than its computed size")
            return byteCount
        }
    }
}
