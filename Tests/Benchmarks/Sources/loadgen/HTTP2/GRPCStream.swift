import NIOCore

/// Who is told what arrives on a stream.
///
/// Called on the stream's event loop, from inside a read: it may
/// send and start streams, and must not pump the connection.
protocol StreamReceiver: AnyObject {
    /// Takes one message. Its bytes are valid during the call only.
    func received(_ message: UnsafeRawBufferPointer, on stream: GRPCStream) throws(LoadError)

    /// Takes the end of the stream; it can then be started again.
    func ended(_ stream: GRPCStream, status: Int, message: String) throws(LoadError)
}

/// One gRPC call at a time on one connection: what is still to be sent, and what came of a message.
///
/// Loop-bound. A caller keeps one stream and starts it anew for each call; streams, their receivers and the
/// connections know each other, and live until the process ends.
final class GRPCStream {
    let connection: ClientConnection
    let receiver: any StreamReceiver
    /// Zero while no call is open.
    private(set) var id: Int32 = 0
    private var outgoing = ByteBuffer()
    private var endsAfterOutgoing = false
    private(set) var isDeferred = false
    private var incoming = ByteBuffer()
    private var status = -1
    private var statusMessage = ""

    init(connection: ClientConnection, receiver: any StreamReceiver) {
        self.connection = connection
        self.receiver = receiver
    }

    /// Starts a call with the messages that `write` appends, and says that no more will follow.
    func call(_ method: RequestHeaders.Method, write: (inout ByteBuffer) -> Void) throws(LoadError) {
        try self.start(method, ends: true, write: write)
    }

    /// Starts a call to which more messages can be sent.
    func open(_ method: RequestHeaders.Method, write: (inout ByteBuffer) -> Void) throws(LoadError) {
        try self.start(method, ends: false, write: write)
    }

    private func start(
        _ method: RequestHeaders.Method,
        ends: Bool,
        write: (inout ByteBuffer) -> Void
    ) throws(LoadError) {
        precondition(self.id == 0, "a stream has one call at a time")
        self.outgoing.clear()
        self.incoming.clear()
        self.status = -1
        self.statusMessage = ""
        self.endsAfterOutgoing = ends
        self.isDeferred = false
        write(&self.outgoing)
        self.id = try self.connection.submit(self, method)
    }

    /// Sends more messages on an open call.
    func send(write: (inout ByteBuffer) -> Void) throws(LoadError) {
        self.outgoing.discardReadBytes()
        write(&self.outgoing)
        guard self.isDeferred else { return }
        self.isDeferred = false
        try self.connection.resume(self)
    }

    // MARK: What the session calls

    /// Moves waiting bytes into a DATA frame: how many, and whether they are the last.
    ///
    /// Returns nil when the stream has nothing to send now.
    func fill(_ frame: UnsafeMutableRawBufferPointer) -> (count: Int, isLast: Bool)? {
        let count = min(frame.count, self.outgoing.readableBytes)
        guard count > 0 || self.endsAfterOutgoing else {
            self.isDeferred = true
            return nil
        }
        self.outgoing.readWithUnsafeReadableBytes { bytes in
            frame.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
            return count
        }
        return (count, self.endsAfterOutgoing && self.outgoing.readableBytes == 0)
    }

    func receivedHeader(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        if name.elementsEqual("grpc-status".utf8) {
            self.status = value.reduce(0) { $0 * 10 + Int($1) - Int(UInt8(ascii: "0")) }
        } else if name.elementsEqual("grpc-message".utf8) {
            self.statusMessage = String(decoding: value, as: UTF8.self)
        } else if name.elementsEqual(":status".utf8), !value.elementsEqual("200".utf8) {
            self.statusMessage = "HTTP status \(String(decoding: value, as: UTF8.self))"
        }
    }

    /// Cuts DATA into messages; a message that came whole is not copied.
    func received(_ data: UnsafeRawBufferPointer) throws(LoadError) {
        var rest = data
        if self.incoming.readableBytes > 0 {
            self.incoming.writeBytes(data)
            try self.drainIncoming()
            return
        }
        while let message = Self.message(in: rest) {
            try self.receiver.received(message, on: self)
            rest = UnsafeRawBufferPointer(rebasing: rest[(5 + message.count)...])
        }
        if rest.count > 0 { self.incoming.writeBytes(rest) }
    }

    private func drainIncoming() throws(LoadError) {
        // Taken out, so that the receiver may start another call on this stream.
        var buffer = self.incoming
        self.incoming = ByteBuffer()
        var failure: LoadError?
        buffer.readWithUnsafeReadableBytes { bytes in
            var rest = bytes
            while failure == nil, let message = Self.message(in: rest) {
                do throws(LoadError) {
                    try self.receiver.received(message, on: self)
                } catch {
                    failure = error
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[(5 + message.count)...])
            }
            return bytes.count - rest.count
        }
        if let failure { throw failure }
        if buffer.readableBytes == 0 { buffer.clear() } else { buffer.discardReadBytes() }
        self.incoming = buffer
    }

    private static func message(in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard bytes.count >= 5 else { return nil }
        let count = Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 1, as: UInt32.self)))
        guard bytes.count >= 5 + count else { return nil }
        return UnsafeRawBufferPointer(rebasing: bytes[5..<(5 + count)])
    }

    func closed(code: UInt32) throws(LoadError) {
        self.id = 0
        let message = code == 0 ? self.statusMessage : "HTTP/2 error \(code) \(self.statusMessage)"
        try self.receiver.ended(self, status: self.status, message: message)
    }
}
