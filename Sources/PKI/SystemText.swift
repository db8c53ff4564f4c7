import Glibc

/// Returns the C library's text for an `errno`.
func systemErrorText(_ code: Int32) -> String {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
        guard let start = buffer.baseAddress, unsafe strerror_r(code, start, buffer.count) == 0 else {
            return "error \(code)"
        }
        return unsafe String(cString: start)
    }
}

/// Returns the 4 or 16 bytes of an address in the usual notation, or `nil` when `text` is not one.
func addressBytes(_ text: String) -> [UInt8]? {
    var v4 = in_addr()
    if unsafe inet_pton(AF_INET, text, &v4) == 1 {
        return unsafe withUnsafeBytes(of: &v4) { unsafe Array($0) }
    }
    var v6 = in6_addr()
    if unsafe inet_pton(AF_INET6, text, &v6) == 1 {
        return unsafe withUnsafeBytes(of: &v6) { unsafe Array($0) }
    }
    return nil
}

/// Returns the usual notation of an address of 4 or 16 bytes, or `nil` for another length.
func addressText(_ bytes: [UInt8]) -> String? {
    let family: Int32
    switch bytes.count {
    case 4: family = AF_INET
    case 16: family = AF_INET6
    default: return nil
    }
    return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
        guard let start = buffer.baseAddress,
            unsafe inet_ntop(family, bytes, start, socklen_t(buffer.count)) != nil
        else { return nil }
        return unsafe String(cString: start)
    }
}
