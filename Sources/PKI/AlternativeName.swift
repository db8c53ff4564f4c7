/// A name of a certificate's holder besides its common name: what clients compare with the name they dialled.
package enum AlternativeName: Hashable, Sendable {
    /// A DNS name in lower case; its first label may be `*`.
    case dns(String)
    /// An IP address of 4 or 16 bytes.
    case address([UInt8])
    /// A URI, such as a SPIFFE identity.
    case uri(String)

    /// The longest name in bytes, after RFC 1035 for DNS; generous for a URI.
    private static let longestNameBytes = 253

    /// Creates an address when `text` is written like one, otherwise a DNS name.
    ///
    /// - Throws: ``PKIError/invalidName(_:reason:)`` when it is neither.
    package init(_ text: String) throws(PKIError) {
        if let bytes = addressBytes(text) {
            self = .address(bytes)
        } else {
            self = .dns(text.lowercased())
            try self.validate()
        }
    }

    /// Checks that the name can be put into a certificate without meaning something else there.
    func validate() throws(PKIError) {
        switch self {
        case .dns(let name): try Self.validate(dnsName: name)
        case .address(let bytes):
            guard bytes.count == 4 || bytes.count == 16 else {
                throw .invalidName(self.description, reason: "an address has 4 or 16 bytes")
            }
        case .uri(let uri):
            let isPlain = uri.utf8.allSatisfy { (0x21...0x7e).contains($0) }
            guard isPlain, uri.contains(":"), uri.utf8.count <= Self.longestNameBytes else {
                throw .invalidName(uri, reason: "not a URI in printable ASCII")
            }
        }
    }

    private static func validate(dnsName name: String) throws(PKIError) {
        guard !name.isEmpty, name.utf8.count <= self.longestNameBytes else {
            throw .invalidName(name, reason: "a DNS name has 1 to \(self.longestNameBytes) bytes")
        }
        var labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)[...]
        // Verifiers take a wildcard only as the whole first label of at least three.
        if labels.count >= 3, labels.first.map({ $0.elementsEqual("*".utf8) }) == true {
            labels = labels.dropFirst()
        }
        for label in labels {
            let isPlain = label.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                case UInt8(ascii: "-"), UInt8(ascii: "_"): true
                default: false
                }
            }
            let dash = UInt8(ascii: "-")
            guard isPlain, (1...63).contains(label.count), label.first != dash, label.last != dash else {
                throw .invalidName(name, reason: "not a DNS name in lower case")
            }
        }
    }
}

extension AlternativeName: CustomStringConvertible {
    /// The name as people write it, without its kind.
    package var description: String {
        switch self {
        case .dns(let name): name
        case .address(let bytes): addressText(bytes) ?? hexadecimal(bytes)
        case .uri(let uri): uri
        }
    }
}
