import Documents
import MeshSchema

/// The protocols that ports have.
package enum TransportProtocol: String, Sendable, Hashable, CaseIterable {
    /// TCP.
    case tcp = "TCP"
    /// UDP.
    case udp = "UDP"
    /// SCTP.
    case sctp = "SCTP"
}

extension FieldReader {
    /// Returns an address, in whatever notation.
    func address() -> IPAddress? {
        self.parsed { (text) throws(ResourceError) in
            guard let address = IPAddress(text) else { throw .notAddress(text) }
            return address
        }
    }

    /// Returns a block of addresses in its canonical notation: a typing error in one is a hole in a guard.
    func block() -> AddressBlock? {
        self.parsed { (text) throws(ResourceError) in
            guard let block = AddressBlock(text) else { throw .notBlock(text) }
            guard block.description == text else {
                throw .notCanonicalBlock(text, canonical: block.description)
            }
            return block
        }
    }

    /// Returns a duration of `range`.
    func duration(in range: ClosedRange<Duration>) -> Duration? {
        let duration = self.parsed { (text) throws(ResourceError) in try Duration(text: text) }
        guard let duration else { return nil }
        guard range.contains(duration) else {
            return self.reject(.outOfRange, "must be from \(range.lowerBound) to \(range.upperBound)")
        }
        return duration
    }

    /// Returns a number of bytes, written with a unit or as a whole number.
    func byteCount(in range: ClosedRange<Int64>) -> ByteCount? {
        if case .integer = self.value { return self.integer(in: range).map { ByteCount(bytes: Int($0)) } }
        let count = self.parsed { (text) throws(ResourceError) in try ByteCount(text) }
        guard let count else { return nil }
        guard range.contains(Int64(count.bytes)) else {
            return self.reject(.outOfRange, "must be from \(range.lowerBound) to \(range.upperBound) bytes")
        }
        return count
    }

    /// Returns a port.
    func port() -> UInt16? { self.integer(in: 1...65_535).map { UInt16($0) } }

    /// Returns the index of an encryption key; zero is none.
    func encryptionKey() -> UInt8? { self.integer(in: 0...255).map { UInt8($0) } }

    /// Returns a DNS label.
    func label() -> String? { self.parsed { (text) throws(ResourceError) in try DNSText.label(text) } }

    /// Returns a DNS name.
    func name() -> String? { self.parsed { (text) throws(ResourceError) in try DNSText.name(text) } }

    /// Returns the value of a label.
    func labelValue() -> String? {
        self.parsed { (text) throws(ResourceError) in
            guard ObjectLabels.isValue(text) else { throw .notLabelValue(text) }
            return text
        }
    }

    /// Returns text of visible ASCII characters.
    func visible(maxBytes: Int) -> String? {
        guard let text = self.string(maxBytes: maxBytes) else { return nil }
        guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            return self.reject(.invalidFormat, "must be ASCII characters without spaces")
        }
        return text
    }

    /// Returns the elements in order; one that came before is noted as a duplicate.
    func uniqueList<Element: Hashable>(limit: Int, _ read: (FieldReader) -> Element?) -> [Element]? {
        self.uniqueList(limit: limit, by: { $0 }, read)
    }

    /// Returns the elements in order; one whose `identity` came before is noted as a duplicate.
    func uniqueList<Element, Identity: Hashable>(
        limit: Int,
        by identity: (Element) -> Identity,
        _ read: (FieldReader) -> Element?
    ) -> [Element]? {
        var seen: Set<Identity> = []
        return self.list(limit: limit) { field in
            guard let element = read(field) else { return nil }
            guard seen.insert(identity(element)).inserted else {
                return field.reject(.duplicate, "\(identity(element)) comes twice")
            }
            return element
        }
    }
}
