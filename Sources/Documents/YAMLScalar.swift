/// What an unquoted YAML scalar means: the core schema of YAML 1.2 (section 10.3.2).
///
/// Not YAML 1.1, in which `no` is false and a country's code becomes a boolean.
enum YAMLScalar {
    /// Returns the value that `text` stands for when it is not quoted.
    static func resolve(_ text: String) -> DocumentValue {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        guard let first = text.utf8.first, self.canBeginNumber(first) else { return .string(text) }
        if let number = self.integer(text) { return .integer(number) }
        return self.number(text) ?? .string(text)
    }

    private static func canBeginNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    private static func integer(_ text: String) -> Int64? {
        if text.hasPrefix("0x") { return Self.digits(text.dropFirst(2), radix: 16) }
        if text.hasPrefix("0o") { return Self.digits(text.dropFirst(2), radix: 8) }
        return Int64(text)
    }

    private static func digits(_ text: Substring, radix: Int) -> Int64? {
        guard let first = text.first, first != "-", first != "+" else { return nil }
        return Int64(text, radix: radix)
    }

    private static func number(_ text: String) -> DocumentValue? {
        // Swift also reads hexadecimal fractions, "inf" and "nan", which are no numbers here.
        let isDecimal = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "e"),
                UInt8(ascii: "E"), UInt8(ascii: "+"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isDecimal, let number = Double(text), number.isFinite else { return nil }
        return .number(number)
    }
}
