import CNghttp2

/// What every HTTP/2 session of a listener is made from: callbacks, options, settings and constant header
/// blocks.
///
/// Unchecked because the C objects behind the pointers are never changed after `init` and freed in `deinit`.
@safe final class HTTP2Configuration: @unchecked Sendable {
    /// Header fields that are sent often.
    ///
    /// The library keeps pointers into them, so they live as long as this object.
    enum ConstantBlock {
        /// `:status: 200`, `content-type: application/grpc`.
        case response
        /// `grpc-status: 0`.
        case success
    }

    private let callbacks: OpaquePointer?
    private let options: OpaquePointer?
    private let settings: [nghttp2_settings_entry]
    private let responseBlock: ConstantFields
    private let successBlock: ConstantFields
    private let connectionWindowBytes: Int32

    init(limits: RPCLimits) {
        unsafe self.callbacks = makeHTTP2Callbacks()
        var options: OpaquePointer?
        unsafe nghttp2_option_new(&options)
        unsafe nghttp2_option_set_no_auto_window_update(options, 1)
        unsafe nghttp2_option_set_no_closed_streams(options, 1)
        // `RequestHeadCheck` checks request heads: the library's check refuses authorities that real clients
        // send.
        unsafe nghttp2_option_set_no_http_messaging(options, 1)
        unsafe nghttp2_option_set_max_deflate_dynamic_table_size(options, 256)
        unsafe nghttp2_option_set_max_outbound_ack(options, limits.maxUnwrittenAcknowledgements)
        unsafe nghttp2_option_set_stream_reset_rate_limit(
            options,
            UInt64(clamping: limits.resetBurst),
            UInt64(clamping: limits.resetsPerSecond)
        )
        unsafe nghttp2_option_set_max_settings(options, limits.maxSettingsEntries)
        unsafe nghttp2_option_set_max_continuations(options, limits.maxContinuations)
        unsafe self.options = options
        self.settings = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue),
                value: UInt32(clamping: limits.maxConcurrentStreams)
            ),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue),
                value: UInt32(clamping: min(limits.streamWindowBytes, Int(Int32.max)))
            ),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue),
                value: UInt32(clamping: limits.maxHeaderListBytes)
            ),
        ]
        self.responseBlock = ConstantFields([(":status", "200"), ("content-type", "application/grpc")])
        self.successBlock = ConstantFields([("grpc-status", "0")])
        self.connectionWindowBytes = Int32(clamping: limits.connectionWindowBytes)
    }

    deinit {
        unsafe nghttp2_session_callbacks_del(self.callbacks)
        unsafe nghttp2_option_del(self.options)
        // No session refers to them any more: each connection keeps its environment, and with it this object.
        unsafe self.responseBlock.fields.deallocate()
        unsafe self.successBlock.fields.deallocate()
    }

    /// Creates a server session with its settings submitted, or `nil` when memory is exhausted.
    ///
    /// The caller owns the session; `connection` must outlive it.
    func makeSession(for connection: RPCConnection) -> OpaquePointer? {
        var session: OpaquePointer?
        let user = unsafe Unmanaged.passUnretained(connection).toOpaque()
        guard unsafe nghttp2_session_server_new2(&session, self.callbacks, user, self.options) == 0 else {
            return nil
        }
        let flags = UInt8(NGHTTP2_FLAG_NONE.rawValue)
        unsafe nghttp2_submit_settings(session, flags, self.settings, self.settings.count)
        unsafe nghttp2_session_set_local_window_size(session, flags, 0, self.connectionWindowBytes)
        return unsafe session
    }

    /// Calls `body` with a constant header block, which stays valid as long as this object.
    func withBlock(_ block: ConstantBlock, _ body: (UnsafeBufferPointer<nghttp2_nv>) -> Void) {
        switch block {
        case .response: unsafe body(UnsafeBufferPointer(self.responseBlock.fields))
        case .success: unsafe body(UnsafeBufferPointer(self.successBlock.fields))
        }
    }
}

/// Header fields whose bytes never move, so that the library need not copy them.
@safe private struct ConstantFields {
    let fields: UnsafeMutableBufferPointer<nghttp2_nv>

    /// The bytes are string literals, which live as long as the process; the array is freed by its owner.
    init(_ literals: [(name: StaticString, value: StaticString)]) {
        let fields = UnsafeMutableBufferPointer<nghttp2_nv>.allocate(capacity: literals.count)
        let flags = UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue)
        for index in literals.indices {
            unsafe fields.initializeElement(
                at: index,
                to: nghttp2_nv(
                    name: UnsafeMutablePointer(mutating: literals[index].name.utf8Start),
                    value: UnsafeMutablePointer(mutating: literals[index].value.utf8Start),
                    namelen: literals[index].name.utf8CodeUnitCount,
                    valuelen: literals[index].value.utf8CodeUnitCount,
                    flags: flags
                )
            )
        }
        unsafe self.fields = fields
    }
}

/// A header field that is built for one response.
struct HeaderField {
    var name: [UInt8]
    var value: [UInt8]

    init(_ name: String, _ value: [UInt8]) {
        self.name = Array(name.utf8)
        self.value = value
    }

    init(_ name: String, _ value: String) {
        self.init(name, Array(value.utf8))
    }

    /// Calls `body` with the library's form of `fields`, which is valid during the call; the library copies
    /// it.
    static func withFields<Result>(
        _ fields: [HeaderField],
        _ body: (UnsafeBufferPointer<nghttp2_nv>) -> Result
    ) -> Result {
        var bytes: [UInt8] = []
        for field in fields {
            bytes += field.name
            bytes += field.value
        }
        return unsafe bytes.withUnsafeMutableBufferPointer { storage in
            var offset = 0
            let views = unsafe fields.map { field in
                let name = unsafe storage.baseAddress?.advanced(by: offset)
                let value = unsafe name?.advanced(by: field.name.count)
                offset += field.name.count + field.value.count
                return unsafe nghttp2_nv(
                    name: name,
                    value: value,
                    namelen: field.name.count,
                    valuelen: field.value.count,
                    flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)
                )
            }
            return unsafe views.withUnsafeBufferPointer(body)
        }
    }
}
