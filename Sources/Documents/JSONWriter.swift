/// Writes JSON (RFC 8259): compact, members in the order in which they are.
package struct JSONWriter {
    private var bytes: [UInt8] = []

    /// Returns the text of a value, without a line feed.
    package static func write(_ value: DocumentValue) -> [UInt8] {
        var writer = JSONWriter()
        writer.value(value)
        return writer.bytes
    }

    /// Returns the text of a value over several lines, two spaces for each level, without a line feed.
    package static func writePretty(_ value: DocumentValue) -> [UInt8] {
        var writer = JSONWriter()
        writer.pretty(value, indent: 0)
        return writer.bytes
    }

    private mutating func value(_ value: DocumentValue) {
        switch value {
        case .array(let elements):
            self.bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { self.bytes.append(UInt8(ascii: ",")) }
                self.value(element)
            }
            self.bytes.append(UInt8(ascii: "]"))
        case .object(let object):
            self.bytes.append(UInt8(ascii: "{"))
            for (index, member) in object.members.enumerated() {
                if index > 0 { self.bytes.append(UInt8(ascii: ",")) }
                self.string(member.name)
                self.bytes.append(UInt8(ascii: ":"))
                self.value(member.value)
            }
            self.bytes.append(UInt8(ascii: "}"))
        case .null, .bool, .integer, .number, .string: self.scalar(value)
        }
    }

    private mutating func pretty(_ value: DocumentValue, indent: Int) {
        switch value {
        case .array(let elements) where !elements.isEmpty:
            self.lines("[", "]", count: elements.count, indent: indent) { writer, index in
                writer.pretty(elements[index], indent: indent + 2)
            }
        case .object(let object) where !object.isEmpty:
            self.lines("{", "}", count: object.members.count, indent: indent) { writer, index in
                writer.string(object.members[index].name)
                writer.bytes += Array(": ".utf8)
                writer.pretty(object.members[index].value, indent: indent + 2)
            }
        case .null, .bool, .integer, .number, .string, .array, .object: self.value(value)
        }
    }

    private mutating func lines(
        _ opening: String,
        _ closing: String,
        count: Int,
        indent: Int,
        _ body: (inout JSONWriter, Int) -> Void
    ) {
        self.bytes += Array(opening.utf8)
        for index in 0..<count {
            self.bytes += Array((index > 0 ? ",\n" : "\n").utf8)
            self.bytes += Array(repeating: UInt8(ascii: " "), count: indent + 2)
            body(&self, index)
        }
        self.bytes += [UInt8(ascii: "\n")] + Array(repeating: UInt8(ascii: " "), count: indent)
        self.bytes += Array(closing.utf8)
    }

    private mutating func scalar(_ value: DocumentValue) {
        switch value {
        case .null: self.bytes += Array("null".utf8)
        case .bool(let bool): self.bytes += Array((bool ? "true" : "false").utf8)
        case .integer(let number): self.bytes += Array(String(number).utf8)
        case .number(let number):
            // JSON has no infinity; no reader makes one.
            self.bytes += Array((number.isFinite ? String(number) : "null").utf8)
        case .string(let text): self.string(text)
        case .array, .object: preconditionFailure("not a scalar")
        }
    }

    private mutating func string(_ text: String) {
        self.bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): self.bytes += [UInt8(ascii: "\\"), byte]
            case 0x0a: self.bytes += Array("\\n".utf8)
            case 0x0d: self.bytes += Array("\\r".utf8)
            case 0x09: self.bytes += Array("\\t".utf8)
            case 0..<0x20, 0x7f:
                let digits = String(byte, radix: 16)
                self.bytes += Array(
                    "\\u\(String(repeating: "0", count: 4 - digits.utf8.count))\(digits)".utf8
                )
            default: self.bytes.append(byte)
            }
        }
        self.bytes.append(UInt8(ascii: "\""))
    }
}
