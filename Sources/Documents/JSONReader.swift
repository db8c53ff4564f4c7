/// Reads JSON (RFC 8259) strictly.
///
/// Written by hand because the readers at hand accept a name that comes twice and do not say where an error
/// is.
package struct JSONReader {
    private let bytes: [UInt8]
    private let limits: DocumentLimits
    private var index = 0
    private var valueCount = 0

    private init(_ bytes: [UInt8], _ limits: DocumentLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    /// Returns the one value that `bytes` are.
    ///
    /// - Throws: ``DocumentError`` with the place of the first thing that is wrong.
    package static func read(
        _ bytes: [UInt8],
        limits: DocumentLimits = DocumentLimits()
    ) throws(DocumentError) -> DocumentValue {
        var reader = JSONReader(bytes, limits)
        reader.skipSpace()
        guard reader.index < bytes.count else { throw reader.error(.empty) }
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.index == bytes.count else { throw reader.error(.trailing) }
        return value
    }

    // MARK: - Values

    private mutating func value(depth: Int) throws(DocumentError) -> DocumentValue {
        self.valueCount += 1
        guard self.valueCount <= self.limits.values else {
            throw self.error(.tooManyValues(limit: self.limits.values))
        }
        switch try self.peek() {
        case UInt8(ascii: "{"): return try self.object(depth: depth + 1)
        case UInt8(ascii: "["): return try self.array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try self.string())
        case UInt8(ascii: "t"): return try self.word("true", .bool(true))
        case UInt8(ascii: "f"): return try self.word("false", .bool(false))
        case UInt8(ascii: "n"): return try self.word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try self.number()
        default: throw self.error(.unexpected(expected: "a JSON value"))
        }
    }

    private mutating func object(depth: Int) throws(DocumentError) -> DocumentValue {
        try self.enter(depth)
        var members: [DocumentObject.Member] = []
        var names: Set<ExactText> = []
        if try self.skips(UInt8(ascii: "}")) { return .object(DocumentObject()) }
        while true {
            guard try self.peek() == UInt8(ascii: "\"") else {
                throw self.error(.unexpected(expected: "a name in quotation marks"))
            }
            let start = self.index
            let name = try self.string()
            guard names.insert(ExactText(name)).inserted else {
                throw self.error(.duplicateName(name), at: start)
            }
            guard try self.skips(UInt8(ascii: ":")) else { throw self.error(.unexpected(expected: "':'")) }
            members.append(.init(name: name, value: try self.value(depth: depth)))
            if try self.skips(UInt8(ascii: "}")) { return .object(DocumentObject(unchecked: members)) }
            guard try self.skips(UInt8(ascii: ",")) else {
                throw self.error(.unexpected(expected: "',' or '}'"))
            }
        }
    }

    private mutating func array(depth: Int) throws(DocumentError) -> DocumentValue {
        try self.enter(depth)
        var elements: [DocumentValue] = []
        if try self.skips(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            elements.append(try self.value(depth: depth))
            if try self.skips(UInt8(ascii: "]")) { return .array(elements) }
            guard try self.skips(UInt8(ascii: ",")) else {
                throw self.error(.unexpected(expected: "',' or ']'"))
            }
        }
    }

    private mutating func enter(_ depth: Int) throws(DocumentError) {
        guard depth <= self.limits.depth else { throw self.error(.tooDeep(limit: self.limits.depth)) }
        self.index += 1
    }

    private mutating func word(_ text: String, _ value: DocumentValue) throws(DocumentError) -> DocumentValue
    {
        for byte in text.utf8 {
            guard self.index < self.bytes.count else { throw self.error(.truncated) }
            guard self.bytes[self.index] == byte else { throw self.error(.unexpected(expected: text)) }
            self.index += 1
        }
        return value
    }

    private mutating func number() throws(DocumentError) -> DocumentValue {
        let start = self.index
        if self.bytes[self.index] == UInt8(ascii: "-") { self.index += 1 }
        let first = self.index
        let digits = self.skipDigits()
        guard digits > 0 else { throw self.error(.unexpected(expected: "a digit")) }
        guard digits == 1 || self.bytes[first] != UInt8(ascii: "0") else {
            throw self.error(.unexpected(expected: "a number without leading zeros"), at: start)
        }
        var isInteger = true
        if self.index < self.bytes.count, self.bytes[self.index] == UInt8(ascii: ".") {
            isInteger = false
            self.index += 1
            guard self.skipDigits() > 0 else { throw self.error(.unexpected(expected: "a digit")) }
        }
        if self.index < self.bytes.count, self.bytes[self.index] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            self.index += 1
            if self.index < self.bytes.count,
                [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(self.bytes[self.index])
            {
                self.index += 1
            }
            guard self.skipDigits() > 0 else { throw self.error(.unexpected(expected: "a digit")) }
        }
        let text = String(decoding: self.bytes[start..<self.index], as: UTF8.self)
        if isInteger, let integer = Int64(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else {
            throw self.error(.numberOutOfRange, at: start)
        }
        return .number(number)
    }

    private mutating func skipDigits() -> Int {
        let start = self.index
        while self.index < self.bytes.count, (0x30...0x39).contains(self.bytes[self.index]) {
            self.index += 1
        }
        return self.index - start
    }

    // MARK: - Strings

    private mutating func string() throws(DocumentError) -> String {
        let start = self.index
        self.index += 1
        var text: [UInt8] = []
        var runStart = self.index
        while true {
            guard self.index < self.bytes.count else { throw self.error(.truncated) }
            let byte = self.bytes[self.index]
            switch byte {
            case UInt8(ascii: "\""):
                text += self.bytes[runStart..<self.index]
                self.index += 1
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw self.error(.invalidText, at: start)
                }
                return string
            case UInt8(ascii: "\\"):
                text += self.bytes[runStart..<self.index]
                self.index += 1
                try self.escape(into: &text)
                runStart = self.index
            case 0..<0x20:
                throw self.error(.unexpected(expected: "no control characters in a string"))
            default:
                self.index += 1
            }
        }
    }

    private mutating func escape(into text: inout [UInt8]) throws(DocumentError) {
        guard self.index < self.bytes.count else { throw self.error(.truncated) }
        let byte = self.bytes[self.index]
        self.index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text += UTF8.encode(try self.escapedScalar()).map(Array.init) ?? []
        default: throw self.error(.unexpected(expected: "an escape sequence"), at: self.index - 1)
        }
    }

    /// The character after `\u`, whose second half may be a second escape (RFC 8259, section 7).
    private mutating func escapedScalar() throws(DocumentError) -> Unicode.Scalar {
        let start = self.index
        let first = try self.hexadecimal()
        var code = UInt32(first)
        if (0xd800...0xdbff).contains(first) {
            guard self.bytes[self.index...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) else {
                throw self.error(.invalidText, at: start)
            }
            self.index += 2
            let second = try self.hexadecimal()
            guard (0xdc00...0xdfff).contains(second) else { throw self.error(.invalidText, at: start) }
            code = 0x10000 + (UInt32(first) - 0xd800) << 10 + (UInt32(second) - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw self.error(.invalidText, at: start) }
        return scalar
    }

    private mutating func hexadecimal() throws(DocumentError) -> UInt16 {
        var code: UInt16 = 0
        for _ in 0..<4 {
            guard self.index < self.bytes.count else { throw self.error(.truncated) }
            let byte = self.bytes[self.index]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte & 0x0f
            case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
                digit = byte & 0x0f + 9
            default: throw self.error(.unexpected(expected: "four hexadecimal digits"))
            }
            code = code << 4 | UInt16(digit)
            self.index += 1
        }
        return code
    }

    // MARK: - Bytes

    private mutating func skipSpace() {
        while self.index < self.bytes.count {
            switch self.bytes[self.index] {
            case 0x20, 0x09, 0x0a, 0x0d: self.index += 1
            default: return
            }
        }
    }

    /// The next byte that is not space.
    private mutating func peek() throws(DocumentError) -> UInt8 {
        self.skipSpace()
        guard self.index < self.bytes.count else { throw self.error(.truncated) }
        return self.bytes[self.index]
    }

    private mutating func skips(_ byte: UInt8) throws(DocumentError) -> Bool {
        guard try self.peek() == byte else { return false }
        self.index += 1
        return true
    }

    private func error(_ reason: DocumentError.Reason, at index: Int? = nil) -> DocumentError {
        DocumentError(reason, in: self.bytes, at: index ?? self.index)
    }
}
