package import CNghttp2

/// An HTTP/2 client that is only bytes in and bytes out, for tests.
///
/// Bound to whatever thread uses it.
package final class HTTP2Client {
    /// What came back on one stream.
    package struct Response {
        /// Creates the response of a stream on which nothing came back.
        package init() {}

        /// The header fields.
        package var headers: [(name: String, value: String)] = []
        /// The trailing fields.
        package var trailers: [(name: String, value: String)] = []
        /// How many header blocks came.
        package var headerBlocks = 0
        /// The body so far.
        package var data: [UInt8] = []
        /// Whether the stream is over.
        package var isClosed = false
        /// The code of the reset that ended it.
        package var resetCode: UInt32?

        /// The messages in `data`, which must hold nothing but whole messages.
        package var messages: [[UInt8]] {
            var rest = self.data[...]
            var messages: [[UInt8]] = []
            while rest.count >= 5 {
                let count = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
                guard rest.first == 0, rest.count >= 5 + count else { break }
                messages.append(Array(rest.dropFirst(5).prefix(count)))
                rest = rest.dropFirst(5 + count)
            }
            return messages
        }

        /// The value of a header, if there is one.
        package func header(_ name: String) -> String? { self.headers.first { $0.name == name }?.value }
        /// The value of a trailer, if there is one.
        package func trailer(_ name: String) -> String? {
            (self.headerBlocks > 1 ? self.trailers : self.headers).first { $0.name == name }?.value
        }
        /// gRPC's status code.
        package var grpcStatus: Int? { self.trailer("grpc-status").flatMap { Int($0) } }
        /// gRPC's status message.
        package var grpcMessage: String? { self.trailer("grpc-message") }
    }

    /// The rest of a request's body.
    fileprivate final class Body {
        var bytes: [UInt8] = []
        var isEnded = false
        var isDeferred = false
    }

    /// The library's session.
    package private(set) var session: OpaquePointer?
    /// What came back, by stream.
    package fileprivate(set) var responses: [Int32: Response] = [:]
    /// The newest GOAWAY's code.
    package fileprivate(set) var goAwayCode: UInt32?
    /// How many GOAWAYs came.
    package fileprivate(set) var goAwayCount = 0
    /// How many of our pings were answered.
    package fileprivate(set) var pingAcknowledgements = 0
    /// How many pings came.
    package fileprivate(set) var pings = 0
    /// The server's settings.
    package fileprivate(set) var settings: [Int32: UInt32] = [:]
    private var bodies: [Int32: Body] = [:]

    /// - Parameters:
    ///   - windowBytes: The stream window offered to the server.
    ///   - connectionWindowBytes: The connection window offered to the server.
    ///   - updatesWindows: Whether received bytes are given back to the server's windows.
    package init(windowBytes: Int = 65_535, connectionWindowBytes: Int = 65_535, updatesWindows: Bool = true)
    {
        var callbacks: OpaquePointer?
        nghttp2_session_callbacks_new(&callbacks)
        defer { nghttp2_session_callbacks_del(callbacks) }
        nghttp2_session_callbacks_set_on_header_callback(callbacks, clientOnHeader)
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, clientOnData)
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, clientOnFrame)
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, clientOnClose)
        var options: OpaquePointer?
        nghttp2_option_new(&options)
        defer { nghttp2_option_del(options) }
        nghttp2_option_set_no_auto_window_update(options, updatesWindows ? 0 : 1)
        nghttp2_option_set_max_outbound_ack(options, 100_000)
        nghttp2_option_set_peer_max_concurrent_streams(options, 1_000_000)
        nghttp2_session_client_new2(
            &self.session,
            callbacks,
            Unmanaged.passUnretained(self).toOpaque(),
            options
        )
        let entries = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue),
                value: UInt32(windowBytes)
            )
        ]
        nghttp2_submit_settings(self.session, 0, entries, entries.count)
        if connectionWindowBytes != 65_535 {
            nghttp2_session_set_local_window_size(self.session, 0, 0, Int32(connectionWindowBytes))
        }
    }

    deinit { nghttp2_session_del(self.session) }

    /// What came back on a stream so far.
    package func response(_ id: Int32) -> Response { self.responses[id] ?? Response() }

    /// Takes the whole messages that have arrived on a stream.
    package func takeMessages(of id: Int32) -> [[UInt8]] {
        let messages = self.response(id).messages
        let count = messages.reduce(0) { $0 + 5 + $1.count }
        if count > 0 { self.responses[id]?.data.removeFirst(count) }
        return messages
    }

    /// Forgets a stream that is over.
    package func forget(_ id: Int32) {
        self.responses[id] = nil
        self.bodies[id] = nil
    }

    /// Opens a gRPC call.
    package func call(
        _ path: String,
        _ messages: [[UInt8]] = [],
        ends: Bool = true,
        metadata: [(String, String)] = []
    ) -> Int32 {
        self.request(
            [
                (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "test"),
                ("te", "trailers"), ("content-type", "application/grpc"),
            ] + metadata,
            body: messages.flatMap(framed),
            ends: ends
        )
    }

    /// Opens a stream with these header fields.
    package func request(_ fields: [(String, String)], body: [UInt8] = [], ends: Bool = true) -> Int32 {
        let body0 = Body()
        body0.bytes = body
        body0.isEnded = ends
        var provider = nghttp2_data_provider()
        provider.source.ptr = Unmanaged.passUnretained(body0).toOpaque()
        provider.read_callback = clientReadBody
        let id = withFields(fields) { block in
            if ends, body.isEmpty {
                nghttp2_submit_request(self.session, nil, block.baseAddress, block.count, nil, nil)
            } else {
                nghttp2_submit_request(self.session, nil, block.baseAddress, block.count, &provider, nil)
            }
        }
        self.bodies[id] = body0
        return id
    }

    /// Adds to the body of an open stream.
    package func send(_ bytes: [UInt8], on id: Int32, ends: Bool = false) {
        guard let body = self.bodies[id] else { return }
        body.bytes += bytes
        body.isEnded = ends
        if body.isDeferred {
            body.isDeferred = false
            nghttp2_session_resume_data(self.session, id)
        }
    }

    /// Resets a stream.
    package func reset(_ id: Int32, code: nghttp2_error_code = NGHTTP2_CANCEL) {
        nghttp2_submit_rst_stream(self.session, 0, id, code.rawValue)
    }

    /// Pings the server.
    package func ping() { nghttp2_submit_ping(self.session, 0, nil) }

    /// Sends an empty SETTINGS frame.
    package func submitSettings() { nghttp2_submit_settings(self.session, 0, nil, 0) }

    /// Gives bytes back to the server's windows.
    package func consume(_ count: Int, of id: Int32) { nghttp2_session_consume(self.session, id, count) }

    /// Returns what the client wants to send.
    package func output() -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            var frame: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(self.session, &frame)
            guard count > 0 else { return bytes }
            bytes.append(contentsOf: UnsafeBufferPointer(start: frame, count: count))
        }
    }

    /// Takes bytes from the server; returns whether they were acceptable.
    @discardableResult
    package func receive(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBufferPointer {
            nghttp2_session_mem_recv(self.session, $0.baseAddress, $0.count) == bytes.count
        }
    }
}

/// Returns `message` with the prefix that gRPC puts before it.
package func framed(_ message: [UInt8]) -> [UInt8] {
    let count = UInt32(message.count)
    return [0, UInt8(count >> 24), UInt8(count >> 16 & 0xff), UInt8(count >> 8 & 0xff), UInt8(count & 0xff)]
        + message
}

private func withFields<Result>(
    _ fields: [(String, String)],
    _ body: (UnsafeBufferPointer<nghttp2_nv>) -> Result
) -> Result {
    let pointers = fields.map {
        field -> (UnsafeMutablePointer<UInt8>, Int, UnsafeMutablePointer<UInt8>, Int) in
        let name = Array(field.0.utf8)
        let value = Array(field.1.utf8)
        let namePointer = UnsafeMutablePointer<UInt8>.allocate(capacity: max(1, name.count))
        let valuePointer = UnsafeMutablePointer<UInt8>.allocate(capacity: max(1, value.count))
        namePointer.initialize(from: name, count: name.count)
        valuePointer.initialize(from: value, count: value.count)
        return (namePointer, name.count, valuePointer, value.count)
    }
    defer {
        for pointer in pointers {
            pointer.0.deallocate()
            pointer.2.deallocate()
        }
    }
    let views = pointers.map {
        nghttp2_nv(name: $0.0, value: $0.2, namelen: $0.1, valuelen: $0.3, flags: 0)
    }
    return views.withUnsafeBufferPointer(body)
}

private func client(_ user: UnsafeMutableRawPointer?) -> HTTP2Client {
    guard let user else { preconditionFailure("the session was made with its client") }
    return Unmanaged<HTTP2Client>.fromOpaque(user).takeUnretainedValue()
}

private func clientReadBody(
    _: OpaquePointer?,
    _: Int32,
    _ buffer: UnsafeMutablePointer<UInt8>?,
    _ limit: Int,
    _ flags: UnsafeMutablePointer<UInt32>?,
    _ source: UnsafeMutablePointer<nghttp2_data_source>?,
    _: UnsafeMutableRawPointer?
) -> Int {
    guard let buffer, let flags, let pointer = source?.pointee.ptr else {
        return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
    }
    let body = Unmanaged<HTTP2Client.Body>.fromOpaque(pointer).takeUnretainedValue()
    let count = min(limit, body.bytes.count)
    if count == 0, !body.isEnded {
        body.isDeferred = true
        return Int(NGHTTP2_ERR_DEFERRED.rawValue)
    }
    if count > 0 {
        _ = UnsafeMutableBufferPointer(start: buffer, count: count).update(
            fromContentsOf: body.bytes.prefix(count)
        )
        body.bytes.removeFirst(count)
    }
    if body.bytes.isEmpty, body.isEnded { flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue }
    return count
}

private func clientOnHeader(
    _: OpaquePointer?,
    _ frame: UnsafePointer<nghttp2_frame>?,
    _ name: UnsafePointer<UInt8>?,
    _ nameCount: Int,
    _ value: UnsafePointer<UInt8>?,
    _ valueCount: Int,
    _: UInt8,
    _ user: UnsafeMutableRawPointer?
) -> CInt {
    guard let frame else { return 0 }
    let header = UnsafeRawPointer(frame).load(as: nghttp2_frame_hd.self)
    let field = (
        name: String(decoding: UnsafeBufferPointer(start: name, count: nameCount), as: UTF8.self),
        value: String(decoding: UnsafeBufferPointer(start: value, count: valueCount), as: UTF8.self)
    )
    let client = client(user)
    if client.response(header.stream_id).headerBlocks == 0 {
        client.responses[header.stream_id, default: .init()].headers.append(field)
    } else {
        client.responses[header.stream_id, default: .init()].trailers.append(field)
    }
    return 0
}

private func clientOnData(
    _: OpaquePointer?,
    _: UInt8,
    _ id: Int32,
    _ data: UnsafePointer<UInt8>?,
    _ count: Int,
    _ user: UnsafeMutableRawPointer?
) -> CInt {
    client(user).responses[id, default: .init()].data
        .append(contentsOf: UnsafeBufferPointer(start: data, count: count))
    return 0
}

private func clientOnFrame(
    _: OpaquePointer?,
    _ frame: UnsafePointer<nghttp2_frame>?,
    _ user: UnsafeMutableRawPointer?
) -> CInt {
    guard let frame else { return 0 }
    let client = client(user)
    let header = UnsafeRawPointer(frame).load(as: nghttp2_frame_hd.self)
    switch UInt32(header.type) {
    case NGHTTP2_HEADERS.rawValue:
        client.responses[header.stream_id, default: .init()].headerBlocks += 1
    case NGHTTP2_GOAWAY.rawValue:
        client.goAwayCount += 1
        client.goAwayCode = UnsafeRawPointer(frame).load(as: nghttp2_goaway.self).error_code
    case NGHTTP2_PING.rawValue:
        if UInt32(header.flags) & NGHTTP2_FLAG_ACK.rawValue != 0 {
            client.pingAcknowledgements += 1
        } else {
            client.pings += 1
        }
    case NGHTTP2_SETTINGS.rawValue:
        let settings = UnsafeRawPointer(frame).load(as: nghttp2_settings.self)
        for index in 0..<settings.niv {
            client.settings[settings.iv[index].settings_id] = settings.iv[index].value
        }
    default:
        break
    }
    return 0
}

private func clientOnClose(
    _: OpaquePointer?,
    _ id: Int32,
    _ code: UInt32,
    _ user: UnsafeMutableRawPointer?
) -> CInt {
    client(user).responses[id, default: .init()].isClosed = true
    if code != 0 { client(user).responses[id, default: .init()].resetCode = code }
    return 0
}
