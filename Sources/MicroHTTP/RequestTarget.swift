/// The path and query of a request.
package struct RequestTarget: Hashable, Sendable {
    /// One pair of a query.
    package struct Pair: Hashable, Sendable {
        /// The decoded name.
        package var name: String
        /// The decoded value; empty when there is no equals sign.
        package var value: String
    }

    /// The path as it was sent, percent signs included.
    package let rawPath: String
    /// The decoded parts between the path's slashes, `["v1", "a/b"]` for `/v1/a%2Fb`.
    ///
    /// A slash at the end leaves an empty last part. None is `.` or `..`, and none contains a NUL.
    package let segments: [String]
    /// The query's pairs in their order, duplicates included; a plus sign is a space.
    package let query: [Pair]

    /// Parses the target of a request line.
    ///
    /// An absolute URI (RFC 9112, section 3.2.2) counts by its path and query.
    ///
    /// - Throws: ``Refusal/malformedTarget``, or ``Refusal/tooManyFields`` for a query above `maximumPairs`.
    package init(_ bytes: [UInt8], maximumPairs: Int) throws(Refusal) {
        // Anything else does not belong in a URI (RFC 3986), a fragment included.
        guard bytes.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "#") }) else {
            throw .malformedTarget
        }
        var rest = bytes[...]
        if rest.first != Self.slash { rest = try Self.afterAuthority(rest) }
        let mark = rest.firstIndex(of: UInt8(ascii: "?")) ?? rest.endIndex
        let path = rest[..<mark]
        self.rawPath = String(decoding: path, as: UTF8.self)
        var segments: [String] = []
        for part in path.dropFirst().split(separator: Self.slash, omittingEmptySubsequences: false) {
            let segment = try Self.decode(part, plusIsSpace: false)
            guard segment != ".", segment != ".." else { throw .malformedTarget }
            segments.append(segment)
        }
        self.segments = segments
        self.query = try Self.pairs(rest[mark...].dropFirst(), maximum: maximumPairs)
    }

    private static let slash = UInt8(ascii: "/")

    /// Returns what follows `scheme://authority`, which must be a path.
    private static func afterAuthority(_ bytes: ArraySlice<UInt8>) throws(Refusal) -> ArraySlice<UInt8> {
        for scheme in ["http://", "https://"] where bytes.starts(with: scheme.utf8) {
            let rest = bytes.dropFirst(scheme.utf8.count)
            guard let start = rest.firstIndex(of: self.slash), start > rest.startIndex else { break }
            return rest[start...]
        }
        throw .malformedTarget
    }

    private static func pairs(_ bytes: ArraySlice<UInt8>, maximum: Int) throws(Refusal) -> [Pair] {
        var pairs: [Pair] = []
        for part in bytes.split(separator: UInt8(ascii: "&")) {
            guard pairs.count < maximum else { throw .tooManyFields }
            let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            pairs.append(
                Pair(
                    name: try self.decode(part[..<equals], plusIsSpace: true),
                    value: try self.decode(part[equals...].dropFirst(), plusIsSpace: true)
                )
            )
        }
        return pairs
    }

    private static func decode(_ bytes: ArraySlice<UInt8>, plusIsSpace: Bool) throws(Refusal) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            var byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "%") {
                guard index + 1 < bytes.endIndex, let high = self.digit(bytes[index]),
                    let low = self.digit(bytes[index + 1])
                else { throw .malformedTarget }
                byte = high << 4 | low
                guard byte != 0 else { throw .malformedTarget }
                index += 2
            } else if plusIsSpace, byte == UInt8(ascii: "+") {
                byte = UInt8(ascii: " ")
            }
            decoded.append(byte)
        }
        guard let text = String(validating: decoded, as: UTF8.self) else { throw .malformedTarget }
        return text
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
