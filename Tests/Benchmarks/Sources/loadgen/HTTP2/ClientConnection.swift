import CNghttp2
import NIOCore

/// One HTTP/2 connection to the server: an nghttp2 session behind a TLS handler.
///
/// Loop-bound. Nothing is written to the channel from inside a read; `channelReadComplete` sends what the
/// answers led to, so that a burst of answers is followed by one write.
final class ClientConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let streamWindow: UInt32 = 1 << 20
    private static let connectionWindow: Int32 = 16 << 20

    private let headers: RequestHeaders
    private let onFailure: (LoadError) -> Void
    private var session: OpaquePointer?
    private var context: ChannelHandlerContext?
    private var output = ByteBuffer()
    private var isReading = false
    private var failure: LoadError?
    private var ready: EventLoopPromise<Void>?

    /// Creates the handler; `ready` succeeds when the server's settings have arrived, and `onFailure` is
    /// called at most once, on the loop.
    init(headers: RequestHeaders, ready: EventLoopPromise<Void>, onFailure: @escaping (LoadError) -> Void) {
        self.headers = headers
        self.ready = ready
        self.onFailure = onFailure
    }

    // MARK: Streams

    /// Sends the head of a request and returns the stream's number; the stream then fills its DATA frames.
    func submit(_ stream: GRPCStream, _ method: RequestHeaders.Method) throws(LoadError) -> Int32 {
        guard let session = self.session else { throw .connection("it is closed") }
        let owner = Unmanaged.passUnretained(stream).toOpaque()
        var provider = nghttp2_data_provider()
        provider.source.ptr = owner
        provider.read_callback = ClientCallbacks.readBody
        let fields = self.headers.fields(of: method)
        let id = nghttp2_submit_request(session, nil, fields.baseAddress, fields.count, &provider, owner)
        guard id > 0 else { throw .connection("a request was refused by the session: \(id)") }
        if !self.isReading { self.pump() }
        return id
    }

    /// Lets a stream send again that had nothing to send.
    func resume(_ stream: GRPCStream) throws(LoadError) {
        guard let session = self.session else { throw .connection("it is closed") }
        guard nghttp2_session_resume_data(session, stream.id) == 0 else {
            throw .connection("stream \(stream.id) is closed")
        }
        if !self.isReading { self.pump() }
    }

    // MARK: What the session calls

    func stream(_ id: Int32) -> GRPCStream? {
        guard let owner = nghttp2_session_get_stream_user_data(self.session, id) else { return nil }
        return Unmanaged<GRPCStream>.fromOpaque(owner).takeUnretainedValue()
    }

    func received(_ data: UnsafeRawBufferPointer, on id: Int32) {
        self.catching { () throws(LoadError) in try self.stream(id)?.received(data) }
    }

    func closed(_ id: Int32, code: UInt32) {
        self.catching { () throws(LoadError) in try self.stream(id)?.closed(code: code) }
    }

    func receivedFrame(_ header: nghttp2_frame_hd) {
        if UInt32(header.type) == NGHTTP2_GOAWAY.rawValue {
            self.fail(.connection("the server sent GOAWAY"))
        } else if UInt32(header.type) == NGHTTP2_SETTINGS.rawValue {
            self.ready?.succeed()
            self.ready = nil
        }
    }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        self.output = context.channel.allocator.buffer(capacity: 4096)
    }

    func channelActive(context: ChannelHandlerContext) {
        ClientCallbacks.with { table in
            _ = nghttp2_session_client_new(&self.session, table, Unmanaged.passUnretained(self).toOpaque())
        }
        var settings = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue),
                value: Self.streamWindow
            ),
            nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0),
        ]
        nghttp2_submit_settings(self.session, 0, &settings, settings.count)
        nghttp2_session_set_local_window_size(self.session, 0, 0, Self.connectionWindow)
        self.pump()
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let session = self.session else { return }
        let buffer = self.unwrapInboundIn(data)
        self.isReading = true
        let count = buffer.withUnsafeReadableBytes { bytes in
            nghttp2_session_mem_recv(
                session,
                bytes.baseAddress?.assumingMemoryBound(to: UInt8.self),
                bytes.count
            )
        }
        if count < 0 { self.fail(.connection("a protocol error: \(count)")) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.isReading = false
        self.pump()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.fail(.connection("the server closed it"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.fail(.connection("\(error)"))
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        nghttp2_session_del(self.session)
        self.session = nil
        self.context = nil
    }

    /// Writes everything that the session has to say.
    private func pump() {
        guard let session = self.session, let context = self.context else { return }
        self.output.clear()
        while true {
            var bytes: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(session, &bytes)
            guard count > 0 else { break }
            self.output.writeBytes(UnsafeRawBufferPointer(start: bytes, count: count))
        }
        guard self.output.readableBytes > 0 else { return }
        context.writeAndFlush(self.wrapOutboundOut(self.output), promise: nil)
    }

    private func catching(_ body: () throws(LoadError) -> Void) {
        guard self.failure == nil else { return }
        do throws(LoadError) { try body() } catch { self.fail(error) }
    }

    private func fail(_ error: LoadError) {
        guard self.failure == nil else { return }
        self.failure = error
        self.ready?.fail(error)
        self.ready = nil
        self.onFailure(error)
    }
}
