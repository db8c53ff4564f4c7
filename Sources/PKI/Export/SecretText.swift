import COpenSSL

/// Text with secrets in it while it grows: what it outgrows is overwritten.
@safe struct SecretText: ~Copyable {
    private var buffer: UnsafeMutableRawBufferPointer
    private var count = 0

    init() {
        unsafe self.buffer = .allocate(byteCount: 4096, alignment: 1)
    }

    deinit {
        unsafe OPENSSL_cleanse(self.buffer.baseAddress, self.buffer.count)
        unsafe self.buffer.deallocate()
    }

    mutating func append(_ byte: UInt8) {
        if unsafe self.count == self.buffer.count { self.grow() }
        unsafe self.buffer[self.count] = byte
        self.count += 1
    }

    mutating func append(_ text: String) {
        for byte in text.utf8 { self.append(byte) }
    }

    mutating func append(_ bytes: RawSpan) {
        for index in 0..<bytes.byteCount { self.append(bytes.byte(at: index)) }
    }

    /// Appends the base64 of `bytes`.
    mutating func appendBase64(_ bytes: RawSpan, as alphabet: Base64.Alphabet = .standard) {
        Base64.encode(bytes, as: alphabet) { self.append($0) }
    }

    /// Returns what was written.
    consuming func finish() -> SecretBytes {
        let count = self.count
        return unsafe SecretBytes(capacity: count) { target in
            unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: self.buffer[..<count]))
            return count
        }
    }

    private mutating func grow() {
        let larger = unsafe UnsafeMutableRawBufferPointer.allocate(
            byteCount: 2 * self.buffer.count,
            alignment: 1
        )
        unsafe larger.copyMemory(from: UnsafeRawBufferPointer(self.buffer))
        unsafe OPENSSL_cleanse(self.buffer.baseAddress, self.buffer.count)
        unsafe self.buffer.deallocate()
        unsafe self.buffer = larger
    }
}
