// The functions that the HTTP/2 library calls. Each finds the connection (the session's user data) or the
// stream (the data source's pointer), turns pointers into spans, and calls one method. They must not send,
// receive, write to the channel or delete the session: all of that happens in `RPCConnection.pump` after the
// library has returned.
import CNghttp2
import CoreMetrics
import NIOCore

private let success: CInt = 0

/// Makes the table of callbacks, or `nil` when memory is exhausted.
func makeHTTP2Callbacks() -> OpaquePointer? {
    var callbacks: OpaquePointer?
    guard unsafe nghttp2_session_callbacks_new(&callbacks) == 0 else { return nil }
    unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, onBeginHeaders)
    unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks, onHeader)
    unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, onDataChunk)
    unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, onFrameReceived)
    unsafe nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, onInvalidFrame)
    unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, onStreamClosed)
    unsafe nghttp2_session_callbacks_set_send_data_callback(callbacks, sendData)
    unsafe nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, onFrameSent)
    return unsafe callbacks
}

/// Returns the connection that a session belongs to; it outlives the session.
private func connection(_ user: UnsafeMutableRawPointer?) -> RPCConnection? {
    guard let user = unsafe user else { return nil }
    return unsafe Unmanaged<RPCConnection>.fromOpaque(user).takeUnretainedValue()
}

/// Returns the stream with this number, if we still know it.
///
/// The connection's list owns it.
private func stream(_ session: OpaquePointer?, _ id: Int32) -> RPCStream? {
    guard let pointer = unsafe nghttp2_session_get_stream_user_data(session, id) else { return nil }
    return unsafe Unmanaged<RPCStream>.fromOpaque(pointer).takeUnretainedValue()
}

/// Reads a frame's header, which every member of the union begins with, without copying the union.
private func header(_ frame: UnsafeRawPointer?) -> nghttp2_frame_hd {
    guard let frame = unsafe frame else { return nghttp2_frame_hd() }
    return unsafe frame.load(as: nghttp2_frame_hd.self)
}

private func isRequest(_ frame: UnsafePointer<nghttp2_frame>?) -> Bool {
    guard let frame = unsafe frame else { return false }
    let pointer = unsafe UnsafeRawPointer(frame)
    guard UInt32(unsafe header(pointer).type) == NGHTTP2_HEADERS.rawValue else { return false }
    return unsafe pointer.load(as: nghttp2_headers.self).cat == NGHTTP2_HCAT_REQUEST
}

private func onBeginHeaders(
    _: OpaquePointer?,
    _ frame: UnsafePointer<nghttp2_frame>?,
    _ user: UnsafeMutableRawPointer?
) -> CInt {
    guard unsafe isRequest(frame), let connection = unsafe connection(user) else { return success }
    connection.head.reset()
    return success
}

private func onHeader(
    _: OpaquePointer?,
    _ frame: UnsafePointer<nghttp2_frame>?,
    _ name: UnsafePointer<UInt8>?,
    _ nameCount: Int,
    _ value: UnsafePointer<UInt8>?,
    _ valueCount: Int,
    _: UInt8,
    _ user: UnsafeMutableRawPointer?
) -> CInt {
    // A client's trailers say nothing that we need.
    guard unsafe isRequest(frame), let connection = unsafe connection(user) else { return success }
    let name = unsafe UnsafeBufferPointer(start: name, count: nameCount)
    let value = unsafe UnsafeBufferPointer(start: value, count: valueCount)
    return unsafe connection.receiveHeader(name: name.span, value: value.span)
        ? success : CInt(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
}

private func onDataChunk(
    _ session: OpaquePointer?,
    _ flags: UInt8,
    _ id: Int32,
    _ data: UnsafePointer<UInt8>?,
    _ count: Int,
    _ user: UnsafeMutableRawPointer?
) -> CInt {
    guard let connection = unsafe connection(user) else { return success }
    let bytes = unsafe UnsafeRawBufferPointer(start: data, count: count)
    let isLastFrame = UInt32(flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0
    unsafe connection.receiveData(bytes, on: stream(session, id), id: id, isLastFrame: isLastFrame)
    return success
}

private func onFrameReceived(
    _ session: OpaquePointer?,
    _ frame: UnsafePointer<nghttp2_frame>?,
    _ user: UnsafeMutableRawPointer?
) -> CInt {
    guard let connection = unsafe connection(user), let frame = unsafe frame else { return success }
    let header = unsafe header(UnsafeRawPointer(frame))
    let isEnd = UInt32(header.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0
    switch UInt32(header.type) {
    case NGHTTP2_HEADERS.rawValue:
        if unsafe isRequest(frame) {
            connection.receiveRequest(id: header.stream_id, isEnd: isEnd)
        } else if isEnd {
            unsafe stream(session, header.stream_id)?.receiveEnd()
        }
    case NGHTTP2_DATA.rawValue:
        if isEnd { unsafe stream(session, header.stream_id)?.receiveEnd() }
    case NGHTTP2_SETTINGS.rawValue:
        connection.hasReceivedSettings = true
    case NGHTTP2_PING.rawValue:
        if UInt32(header.flags) & NGHTTP2_FLAG_ACK.rawValue != 0 { connection.receivePingAcknowledgement() }
    default:
        break
    }
    return success
}

private func onInvalidFrame(
    _: OpaquePointer?,
    _: UnsafePointer<nghttp2_frame>?,
    _: CInt,
    _ user: UnsafeMutableRawPointer?
) -> CInt {
    unsafe connection(user)?.environment.metrics.invalidFrames.increment()
    return success
}

private func onStreamClosed(
    _ session: OpaquePointer?,
    _ id: Int32,
    _: UInt32,
    _ user: UnsafeMutableRawPointer?
) -> CInt {
    if let stream = unsafe stream(session, id) { unsafe connection(user)?.remove(stream) }
    return success
}

private func onFrameSent(
    _ session: OpaquePointer?,
    _ frame: UnsafePointer<nghttp2_frame>?,
    _ user: UnsafeMutableRawPointer?
) -> CInt {
    guard let frame = unsafe UnsafeRawPointer(frame) else { return success }
    let header = unsafe header(frame)
    let type = UInt32(header.type)
    if type == NGHTTP2_GOAWAY.rawValue {
        let code = unsafe frame.load(as: nghttp2_goaway.self).error_code
        unsafe connection(user)?.noteGoAway(code: code)
    }
    guard
        type == NGHTTP2_HEADERS.rawValue || type == NGHTTP2_DATA.rawValue,
        UInt32(header.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0,
        let stream = unsafe stream(session, header.stream_id), !stream.isRemoteClosed
    else { return success }
    // The answer is complete but the client is still sending. Resetting any earlier would drop our trailers.
    unsafe nghttp2_submit_rst_stream(session, 0, header.stream_id, NGHTTP2_NO_ERROR.rawValue)
    return success
}

/// Says how much of a stream's queue goes into the next DATA frame.
func readStreamData(
    _: OpaquePointer?,
    _: Int32,
    _: UnsafeMutablePointer<UInt8>?,
    _ limit: Int,
    _ flags: UnsafeMutablePointer<UInt32>?,
    _ source: UnsafeMutablePointer<nghttp2_data_source>?,
    _: UnsafeMutableRawPointer?
) -> Int {
    guard let pointer = unsafe source?.pointee.ptr else { return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
    let stream = unsafe Unmanaged<RPCStream>.fromOpaque(pointer).takeUnretainedValue()
    switch stream.nextData(limit: limit) {
    case .wait:
        return Int(NGHTTP2_ERR_DEFERRED.rawValue)
    case .some(let count):
        unsafe flags?.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
        return count
    case .last(let count):
        unsafe flags?.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue | NGHTTP2_DATA_FLAG_EOF.rawValue
        return count
    case .lastBeforeTrailers(let count):
        unsafe flags?.pointee |=
            NGHTTP2_DATA_FLAG_NO_COPY.rawValue | NGHTTP2_DATA_FLAG_EOF.rawValue
            | NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
        stream.submitTrailers()
        return count
    }
}

private func sendData(
    _: OpaquePointer?,
    _: UnsafeMutablePointer<nghttp2_frame>?,
    _ frameHeader: UnsafePointer<UInt8>?,
    _ count: Int,
    _ source: UnsafeMutablePointer<nghttp2_data_source>?,
    _ user: UnsafeMutableRawPointer?
) -> CInt {
    guard let connection = unsafe connection(user), let pointer = unsafe source?.pointee.ptr else {
        return CInt(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
    }
    let stream = unsafe Unmanaged<RPCStream>.fromOpaque(pointer).takeUnretainedValue()
    let frameHeaderByteCount = 9
    let header = unsafe UnsafeRawBufferPointer(start: frameHeader, count: frameHeaderByteCount)
    let isFull = unsafe connection.writeData(header: header, byteCount: count, of: stream)
    // Paused, the frame counts as sent and the library returns to us.
    return isFull ? CInt(NGHTTP2_ERR_PAUSE.rawValue) : success
}
