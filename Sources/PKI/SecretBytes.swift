import COpenSSL

/// Bytes that are overwritten when nobody refers to them any more: private keys, encoded.
///
/// The class shares them instead of copying, so that there is one place to cleanse.
@safe package final class SecretBytes: Sendable {
    // The memory is written only before `init` returns.
    private nonisolated(unsafe) let buffer: UnsafeMutableRawBufferPointer

    /// Creates `capacity` bytes and keeps as many as `fill` reports to have written.
    init<E: Error>(
        capacity: Int,
        fill: (UnsafeMutableRawBufferPointer) throws(E) -> Int
    ) throws(E) {
        let whole = UnsafeMutableRawBufferPointer.allocate(byteCount: max(capacity, 1), alignment: 1)
        do throws(E) {
            let count = try unsafe fill(UnsafeMutableRawBufferPointer(rebasing: whole[..<capacity]))
            precondition((0...capacity).contains(count), "more bytes reported than there is room for")
            unsafe self.buffer = whole
            self.count = count
        } catch {
            unsafe OPENSSL_cleanse(whole.baseAddress, whole.count)
            unsafe whole.deallocate()
            throw error
        }
    }

    /// Copies `bytes`; the caller's own copy stays the caller's business.
    package convenience init(_ bytes: [UInt8]) {
        unsafe self.init(capacity: bytes.count) { buffer in
            unsafe buffer.copyBytes(from: bytes)
            return bytes.count
        }
    }

    deinit {
        unsafe OPENSSL_cleanse(self.buffer.baseAddress, self.buffer.count)
        unsafe self.buffer.deallocate()
    }

    /// The number of bytes.
    package let count: Int

    /// Lends the bytes to `body`.
    package func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        try body(unsafe UnsafeRawBufferPointer(rebasing: self.buffer[..<self.count]).bytes)
    }

    /// Returns a copy that nobody cleanses, for libraries that take arrays.
    package func copy() -> [UInt8] {
        unsafe Array(self.buffer[..<self.count])
    }
}
