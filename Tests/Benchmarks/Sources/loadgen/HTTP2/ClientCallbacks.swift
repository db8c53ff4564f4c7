import CNghttp2

/// The functions that nghttp2 calls for a client session; each finds its connection and calls one method.
enum ClientCallbacks {
    /// Runs `body` with a table of the callbacks, which a new session copies.
    static func with<R>(_ body: (OpaquePointer?) -> R) -> R {
        var table: OpaquePointer?
        nghttp2_session_callbacks_new(&table)
        defer { nghttp2_session_callbacks_del(table) }
        nghttp2_session_callbacks_set_on_header_callback(table) {
            _,
            frame,
            name,
            nameLength,
            value,
            valueLength,
            _,
            user in
            guard let frame else { return 0 }
            let header = UnsafeRawPointer(frame).load(as: nghttp2_frame_hd.self)
            ClientCallbacks.connection(user)?.stream(header.stream_id)?.receivedHeader(
                name: UnsafeRawBufferPointer(start: name, count: nameLength),
                value: UnsafeRawBufferPointer(start: value, count: valueLength)
            )
            return 0
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table) { _, _, id, data, length, user in
            ClientCallbacks.connection(user)?.received(
                UnsafeRawBufferPointer(start: data, count: length),
                on: id
            )
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(table) { _, id, code, user in
            ClientCallbacks.connection(user)?.closed(id, code: code)
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(table) { _, frame, user in
            guard let frame else { return 0 }
            let header = UnsafeRawPointer(frame).load(as: nghttp2_frame_hd.self)
            ClientCallbacks.connection(user)?.receivedFrame(header)
            return 0
        }
        return body(table)
    }

    /// Reads the body of a request for a DATA frame.
    static let readBody: nghttp2_data_source_read_callback = { _, _, frame, length, flags, source, _ in
        guard let owner = source?.pointee.ptr, let frame, let flags else { return 0 }
        let stream = Unmanaged<GRPCStream>.fromOpaque(owner).takeUnretainedValue()
        let space = UnsafeMutableRawBufferPointer(start: frame, count: length)
        guard let filled = stream.fill(space) else { return Int(NGHTTP2_ERR_DEFERRED.rawValue) }
        if filled.isLast { flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue }
        return filled.count
    }

    private static func connection(_ user: UnsafeMutableRawPointer?) -> ClientConnection? {
        guard let user else { return nil }
        return Unmanaged<ClientConnection>.fromOpaque(user).takeUnretainedValue()
    }
}
