import COpenSSL

/// Owns one OpenSSL memory stream (a `BIO`), the way in and out of its PEM functions.
///
/// OpenSSL cleanses the stream's memory when it frees it.
@safe struct MemoryStream: ~Copyable {
    private let bio: OpaquePointer

    /// Creates an empty stream to write to.
    init() throws(PKIError) {
        OpenSSLErrors.clear()
        guard let bio = unsafe BIO_new(BIO_s_mem()) else {
            throw OpenSSLErrors.failure("allocate a memory stream")
        }
        unsafe self.bio = bio
    }

    /// Creates a stream that yields `bytes` and then ends.
    static func reading(_ bytes: RawSpan) throws(PKIError) -> MemoryStream {
        let stream = try MemoryStream()
        let count = Int32(clamping: bytes.byteCount)
        let written = unsafe bytes.withUnsafeBytes { buffer in
            unsafe buffer.isEmpty ? 0 : BIO_write(stream.bio, buffer.baseAddress, count)
        }
        guard written == bytes.byteCount else {
            throw OpenSSLErrors.failure("fill a memory stream")
        }
        // At its end the stream reports the end of a file, instead of asking to be read again.
        _ = unsafe BIO_ctrl(stream.bio, BIO_C_SET_BUF_MEM_EOF_RETURN, 0, nil)
        return stream
    }

    deinit {
        unsafe BIO_free(self.bio)
    }

    /// Lends the stream to one OpenSSL call.
    borrowing func withBIO<R, E: Error>(_ body: (OpaquePointer) throws(E) -> R) throws(E) -> R {
        try unsafe body(self.bio)
    }

    /// Returns a copy of what was written.
    borrowing func bytes() -> [UInt8] {
        var start: UnsafeMutableRawPointer?
        let count = unsafe BIO_ctrl(self.bio, BIO_CTRL_INFO, 0, &start)
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: max(count, 0)))
    }

    /// Returns what was written as memory that will be cleansed.
    borrowing func secretBytes() -> SecretBytes {
        var start: UnsafeMutableRawPointer?
        let count = max(unsafe BIO_ctrl(self.bio, BIO_CTRL_INFO, 0, &start), 0)
        return unsafe SecretBytes(capacity: count) { buffer in
            unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(start: start, count: count))
            return count
        }
    }
}
