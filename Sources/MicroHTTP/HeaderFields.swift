/// The fields of a head in their order, duplicates included; names compare without case.
package struct HeaderFields: Sendable, ExpressibleByDictionaryLiteral {
    /// One field.
    package struct Field: Hashable, Sendable {
        /// The name as it was written.
        package var name: String
        /// The value without surrounding white space.
        package var value: String
    }

    /// The fields in their order.
    package private(set) var fields: [Field] = []

    /// Makes an empty list.
    package init() {}

    /// Makes a list of the pairs in their order.
    package init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { self.add(name, value) }
    }

    /// The value of the first field of that name.
    package subscript(name: String) -> String? {
        self.fields.first { Self.isSame($0.name, name) }?.value
    }

    /// Returns the values of all fields of that name in their order.
    package func values(of name: String) -> [String] {
        self.fields.compactMap { Self.isSame($0.name, name) ? $0.value : nil }
    }

    /// Adds a field at the end.
    ///
    /// Anything may be added; an answer with a field that ``canSend(_:)`` denies is not sent.
    package mutating func add(_ name: String, _ value: String) {
        self.fields.append(Field(name: name, value: value))
    }

    /// Whether HTTP can carry the field: the name is a token, the value has no control character but tab.
    ///
    /// RFC 9110, sections 5.1 and 5.5.
    package static func canSend(_ field: Field) -> Bool {
        !field.name.isEmpty && field.name.utf8.allSatisfy(self.isTokenByte)
            && field.value.utf8.allSatisfy { $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7f) }
    }

    /// Compares names as HTTP does.
    static func isSame(_ left: String, _ right: String) -> Bool {
        let (left, right) = (left.utf8, right.utf8)
        return left.count == right.count && zip(left, right).allSatisfy { self.folded($0) == self.folded($1) }
    }

    private static func folded(_ byte: UInt8) -> UInt8 {
        (0x41...0x5a).contains(byte) ? byte | 0x20 : byte
    }

    static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        // ! # $ % & ' * + - . ^ _ ` | ~
        case 0x21, 0x23...0x27, 0x2a, 0x2b, 0x2d, 0x2e, 0x5e...0x60, 0x7c, 0x7e: true
        default: false
        }
    }
}
