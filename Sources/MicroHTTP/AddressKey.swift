import Glibc

/// What counts as one address: an IPv4 address, or the 64 bits of an IPv6 network.
enum AddressKey: Hashable, Sendable {
    case four(UInt32)
    case six(UInt64)

    /// Reads an address as the kernel writes it; `nil` for any other kind than IP.
    init?(_ address: UnsafePointer<sockaddr>) {
        switch Int32(unsafe address.pointee.sa_family) {
        case AF_INET:
            self = unsafe .four(Self.load(UInt32.self, address, at: 4))
        case AF_INET6:
            // ::ffff:a.b.c.d is an IPv4 client of a socket for both.
            let high = unsafe Self.load(UInt64.self, address, at: 8)
            let middle = unsafe Self.load(UInt32.self, address, at: 16)
            let isMapped = high == 0 && UInt32(bigEndian: middle) == 0xffff
            self = isMapped ? unsafe .four(Self.load(UInt32.self, address, at: 20)) : .six(high)
        default:
            return nil
        }
    }

    private static func load<T: BitwiseCopyable>(
        _: T.Type,
        _ address: UnsafePointer<sockaddr>,
        at offset: Int
    ) -> T {
        unsafe UnsafeRawPointer(address).loadUnaligned(fromByteOffset: offset, as: T.self)
    }

    /// Writes an address and its port in numbers.
    static func origin(of address: UnsafePointer<sockaddr>) -> Peer.Origin? {
        let family = Int32(unsafe address.pointee.sa_family)
        let offset: Int
        switch family {
        case AF_INET: offset = 4
        case AF_INET6: offset = 8
        default: return nil
        }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let bytes = unsafe UnsafeRawPointer(address) + offset
        guard unsafe inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return nil }
        let end = text.firstIndex(of: 0) ?? text.endIndex
        return .tcp(
            address: String(decoding: text[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self),
            port: Int(UInt16(bigEndian: unsafe Self.load(UInt16.self, address, at: 2)))
        )
    }
}
