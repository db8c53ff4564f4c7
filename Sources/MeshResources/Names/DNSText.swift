/// The forms of names that Kubernetes takes from DNS (`apimachinery/pkg/util/validation`).
enum DNSText {
    static let labelLimit = 63
    static let nameLimit = 253

    /// Lower-case letters, digits and hyphens between letters or digits.
    static func isLabel(_ text: Substring) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, let last = bytes.last, bytes.count <= self.labelLimit else {
            return false
        }
        return self.isLowerAlphanumeric(first) && self.isLowerAlphanumeric(last)
            && bytes.allSatisfy { self.isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    /// Labels with dots between them; a label may be longer than in DNS, as it may in Kubernetes.
    static func isName(_ text: Substring) -> Bool {
        guard text.utf8.count <= self.nameLimit else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
            let bytes = part.utf8
            guard let first = bytes.first, let last = bytes.last else { return false }
            return self.isLowerAlphanumeric(first) && self.isLowerAlphanumeric(last)
                && bytes.allSatisfy { self.isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
    }

    /// Returns the label.
    static func label(_ text: String) throws(ResourceError) -> String {
        guard !text.isEmpty else { throw .empty }
        guard self.isLabel(text[...]) else { throw .notDNSLabel(text) }
        return text
    }

    /// Returns the name.
    static func name(_ text: String) throws(ResourceError) -> String {
        guard !text.isEmpty else { throw .empty }
        guard self.isName(text[...]) else { throw .notDNSName(text) }
        return text
    }

    static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }

    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        self.isLowerAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
}
