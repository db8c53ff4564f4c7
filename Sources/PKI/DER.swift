import COpenSSL

/// Runs one of OpenSSL's `i2d_…` functions twice, to measure and to write, and returns what it wrote.
func encodedDER(
    _ attempted: String,
    _ encode: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32
) throws(PKIError) -> [UInt8] {
    OpenSSLErrors.clear()
    let count = encode(nil)
    guard count > 0 else { throw OpenSSLErrors.failure(attempted) }
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, initializedCount in
        // The function moves the pointer that it is given.
        var position = buffer.baseAddress
        initializedCount = unsafe Int(max(encode(&position), 0))
    }
    guard bytes.count == Int(count) else { throw OpenSSLErrors.failure(attempted) }
    return bytes
}

/// Runs one of OpenSSL's `d2i_…` functions over `bytes`, which must be exactly one object.
///
/// The caller owns the result. `free` is for an object that turns out to be followed by other bytes.
func decodedDER(
    _ what: String,
    _ bytes: RawSpan,
    free: (OpaquePointer) -> Void,
    decode: (UnsafeMutablePointer<UnsafePointer<UInt8>?>, Int) -> OpaquePointer?
) throws(PKIError) -> OpaquePointer {
    OpenSSLErrors.clear()
    var used = 0
    let object = unsafe bytes.withUnsafeBytes { buffer -> OpaquePointer? in
        guard let start = buffer.baseAddress else { return nil }
        var position: UnsafePointer<UInt8>? = unsafe start.assumingMemoryBound(to: UInt8.self)
        let object = unsafe decode(&position, buffer.count)
        used = unsafe UnsafeRawPointer(position).map { unsafe $0 - start } ?? 0
        return unsafe object
    }
    guard let object = unsafe object else { throw OpenSSLErrors.malformed(what) }
    guard used == bytes.byteCount else {
        unsafe free(object)
        throw .malformed(what: what, reason: "\(bytes.byteCount - used) bytes follow it")
    }
    return unsafe object
}
