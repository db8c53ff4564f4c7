import CMicroHTTPD
import Glibc

// What libmicrohttpd and the thread library call. Each converts its arguments and calls one method.
//
// The daemon is retained from its start to its stop, a connection from STARTED to CLOSED, a request from the
// access callback to the completion callback, and a streamed or borrowed body from the creation of the
// library's response to its release. Each is taken back exactly there.

/// Answers whether a connection may be accepted.
let acceptConnection: MHD_AcceptPolicyCallback = { context, address, _ in
    guard let context = unsafe context else { return MHD_Result.NO }
    let daemon = unsafe Unmanaged<Daemon>.fromOpaque(context).takeUnretainedValue()
    return daemon.accepts(unsafe address.flatMap { unsafe AddressKey($0) }) ? MHD_Result.YES : MHD_Result.NO
}

/// Notes the raw target before the library decodes it.
let noteTarget:
    @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, OpaquePointer?) ->
        UnsafeMutableRawPointer? = { _, target, handle in
            guard let target = unsafe target, let handle = unsafe handle,
                let context = unsafe cmhd_socket_context(handle)
            else { return nil }
            let connection = unsafe Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue()
            unsafe connection.noteTarget(target)
            return nil
        }

/// Leaves the escapes alone: paths and queries are decoded from the raw target, and strictly.
let keepEscapes:
    @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?, UnsafeMutablePointer<CChar>?) ->
        Int = { _, _, text in
            unsafe text.map { unsafe strlen($0) } ?? 0
        }

/// Receives a request piece by piece, and gives its answer.
let handleAccess: MHD_AccessHandlerCallback = { _, handle, _, method, version, bytes, byteCount, slot in
    guard let handle = unsafe handle, let byteCount = unsafe byteCount, let slot = unsafe slot else {
        return MHD_Result.NO
    }
    guard let known = unsafe slot.pointee else {
        guard let context = unsafe cmhd_socket_context(handle), let method = unsafe method,
            let version = unsafe version
        else { return MHD_Result.NO }
        let connection = unsafe Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue()
        let exchange = unsafe Exchange(handle: handle, owner: connection)
        unsafe slot.pointee = Unmanaged.passRetained(exchange).toOpaque()
        return unsafe exchange.begin(method: method, version: version) ? MHD_Result.YES : MHD_Result.NO
    }
    let exchange = unsafe Unmanaged<Exchange>.fromOpaque(known).takeUnretainedValue()
    let count = unsafe byteCount.pointee
    guard count > 0, let bytes = unsafe bytes else {
        return exchange.proceed() ? MHD_Result.YES : MHD_Result.NO
    }
    unsafe byteCount.pointee = 0
    let piece = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
    return unsafe exchange.receive(piece) ? MHD_Result.YES : MHD_Result.NO
}

/// Ends a request.
let completeRequest:
    @convention(c) (
        UnsafeMutableRawPointer?, OpaquePointer?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
        MHD_RequestTerminationCode
    ) -> Void = { _, _, slot, code in
        guard let slot = unsafe slot, let known = unsafe slot.pointee else { return }
        unsafe slot.pointee = nil
        unsafe Unmanaged<Exchange>.fromOpaque(known).takeRetainedValue().finish(code)
    }

/// Begins and ends a connection.
let notifyConnection:
    @convention(c) (
        UnsafeMutableRawPointer?, OpaquePointer?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
        MHD_ConnectionNotificationCode
    ) -> Void = { context, handle, slot, code in
        guard let context = unsafe context, let handle = unsafe handle, let slot = unsafe slot else { return }
        let daemon = unsafe Unmanaged<Daemon>.fromOpaque(context).takeUnretainedValue()
        if code == .CONNECTION_NOTIFY_STARTED {
            let connection = unsafe daemon.open(handle)
            unsafe slot.pointee = Unmanaged.passRetained(connection).toOpaque()
        } else if let known = unsafe slot.pointee {
            unsafe slot.pointee = nil
            daemon.close(unsafe Unmanaged<Connection>.fromOpaque(known).takeRetainedValue())
        }
    }

/// Collects one header field.
let collectField: MHD_KeyValueIteratorN = { context, _, name, nameCount, value, valueCount in
    guard let context = unsafe context, let name = unsafe name else { return MHD_Result.NO }
    let fields = unsafe context.assumingMemoryBound(to: HeaderFields.self)
    unsafe fields.pointee.add(text(name, nameCount), fieldValue(value, valueCount))
    return MHD_Result.YES
}

/// Fills a buffer with the next bytes of a stream.
let readStream: MHD_ContentReaderCallback = { context, _, buffer, count in
    guard let context = unsafe context, let buffer = unsafe buffer else { return -2 }
    let exchange = unsafe Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
    return unsafe exchange.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: count))
}

/// Lets go of the exchange whose stream a response read from.
let releaseStream: MHD_ContentReaderFreeCallback = { context in
    guard let context = unsafe context else { return }
    unsafe Unmanaged<Exchange>.fromOpaque(context).release()
}

/// Lets go of the bytes that a response sent.
let releaseBytes: MHD_ContentReaderFreeCallback = { context in
    guard let context = unsafe context else { return }
    unsafe Unmanaged<BorrowedBytes>.fromOpaque(context).release()
}

/// Runs the watchdog's thread.
let runWatchdog: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
    guard let context = unsafe context else { return nil }
    ThreadPriority.giveWay()
    unsafe Unmanaged<Watchdog>.fromOpaque(context).takeRetainedValue().run()
    return nil
}

private func text(_ bytes: UnsafePointer<CChar>, _ count: Int) -> String {
    unsafe String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
}

/// The value without the white space around it, which does not belong to it (RFC 9112, section 5.1).
private func fieldValue(_ bytes: UnsafePointer<CChar>?, _ count: Int) -> String {
    guard let bytes = unsafe bytes else { return "" }
    var slice = unsafe UnsafeRawBufferPointer(start: bytes, count: count)[...]
    while let first = unsafe slice.first, first == 0x20 || first == 0x09 { unsafe slice.removeFirst() }
    while let last = unsafe slice.last, last == 0x20 || last == 0x09 { unsafe slice.removeLast() }
    return unsafe String(decoding: slice, as: UTF8.self)
}
