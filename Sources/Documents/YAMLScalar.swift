/// What a YAML scalar means: the core schema of YAML 1.2 (section 10.3.2).
///
/// Not YAML 1.1, in which `no` is false and a country's code becomes a boolean. Where the two read different
/// numbers, and for numbers that no JSON has, it is an error.
enum YAMLScalar {
    private static let prefix = "tag:yaml.org,2002:"

    /// Returns the value of a scalar.
    static func value(
        of text: String,
        isPlain: Bool,
        tag: String?
    ) throws(DocumentError.Reason) -> DocumentValue {
        guard let tag else { return isPlain ? try self.resolve(text) : .string(text) }
        if tag == "!" || tag == Self.prefix + "str" { return .string(text) }
        let value = try self.resolve(text)
        switch (tag, value) {
        case (Self.prefix + "null", .null), (Self.prefix + "bool", .bool), (Self.prefix + "int", .integer),
            (Self.prefix + "float", .number):
            return value
        case (Self.prefix + "float", .integer(let number)): return .number(Double(number))
        default: throw .unexpected(expected: "no tag \(tag) here")
        }
    }

    /// Returns the value that `text` stands for when it is not quoted.
    static func resolve(_ text: String) throws(DocumentError.Reason) -> DocumentValue {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        let bytes = Array(text.utf8)
        guard let first = bytes.first, self.canBeginNumber(first) else { return .string(text) }
        if bytes.starts(with: Array("0x".utf8)) { return try self.digits(text, radix: 16) }
        if bytes.starts(with: Array("0o".utf8)) { return try self.digits(text, radix: 8) }
        return try self.number(text, bytes)
    }

    private static func canBeginNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    private static func digits(_ text: String, radix: Int) throws(DocumentError.Reason) -> DocumentValue {
        let digits = text.utf8.dropFirst(2)
        let isNumber =
            !digits.isEmpty
            && digits.allSatisfy { byte in
                Character(Unicode.Scalar(byte)).hexDigitValue.map { $0 < radix } ?? false
            }
        guard isNumber else { return .string(text) }
        guard let number = Int64(Substring(digits), radix: radix) else { throw .numberOutOfRange }
        return .integer(number)
    }

    private static func number(
        _ text: String,
        _ bytes: [UInt8]
    ) throws(DocumentError.Reason) -> DocumentValue {
        var rest = bytes[...]
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        switch String(decoding: rest, as: UTF8.self) {
        case ".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN": throw .numberOutOfRange
        default: break
        }
        let whole = self.takeDigits(&rest)
        if rest.isEmpty, whole > 0 { return try self.integer(text, digits: bytes.suffix(whole)) }
        var fraction = 0
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            fraction = self.takeDigits(&rest)
        }
        guard whole + fraction > 0 else { return .string(text) }
        if let byte = rest.first, byte | 0x20 == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
            guard self.takeDigits(&rest) > 0 else { return .string(text) }
        }
        guard rest.isEmpty else { return .string(text) }
        guard let number = Double(text), number.isFinite else { throw .numberOutOfRange }
        return .number(number)
    }

    private static func integer(
        _ text: String,
        digits: ArraySlice<UInt8>
    ) throws(DocumentError.Reason) -> DocumentValue {
        guard digits.count == 1 || digits.first != UInt8(ascii: "0") else {
            throw .unexpected(expected: "text in quotation marks, or a number without leading zeros")
        }
        if let number = Int64(text) { return .integer(number) }
        guard let number = Double(text), number.isFinite else { throw .numberOutOfRange }
        return .number(number)
    }

    private static func takeDigits(_ rest: inout ArraySlice<UInt8>) -> Int {
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
        rest = rest.dropFirst(digits)
        return digits
    }
}
