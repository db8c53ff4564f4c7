import Yams

/// Writes YAML that ``YAMLReader``, and any reader of YAML 1.1 or 1.2, reads back as the same value.
package enum YAMLWriter {
    /// Returns the text of a document, with a line feed at its end.
    package static func write(_ value: DocumentValue) -> [UInt8] {
        do {
            let text = try serialize(node: self.node(value), width: -1, allowUnicode: true)
            return Array(text.utf8)
        } catch {
            // JSON is YAML: an answer that is less pretty, never a wrong one.
            return JSONWriter.writePretty(value) + [UInt8(ascii: "\n")]
        }
    }

    private static func node(_ value: DocumentValue) -> Node {
        switch value {
        case .null: self.plain("null")
        case .bool(let bool): self.plain(bool ? "true" : "false")
        case .integer(let number): self.plain(String(number))
        case .number(let number): self.plain(String(number))
        case .string(let text): .scalar(self.scalar(text))
        case .array(let elements):
            .sequence(.init(elements.map(self.node), .implicit, elements.isEmpty ? .flow : .block))
        case .object(let object):
            .mapping(
                .init(
                    object.members.map { (.scalar(self.line($0.name)), self.node($0.value)) },
                    .implicit,
                    object.isEmpty ? .flow : .block
                )
            )
        }
    }

    private static func plain(_ text: String) -> Node { .scalar(.init(text, .implicit, .plain)) }

    private static func scalar(_ text: String) -> Node.Scalar {
        self.isBlock(text) ? .init(text, .implicit, .literal) : self.line(text)
    }

    private static func line(_ text: String) -> Node.Scalar {
        .init(text, .implicit, self.isUnmistakable(text) ? .plain : .doubleQuoted)
    }

    /// Whether lines of text are the same for every reader when nothing is escaped.
    private static func isBlock(_ text: String) -> Bool {
        guard text.utf8.last == 0x0a, let first = text.utf8.first, first != 0x20, first != 0x0a else {
            return false
        }
        return text.unicodeScalars.allSatisfy { scalar in
            switch scalar.value {
            case 0x0a, 0x20..<0x7f, 0xa1..<0x2028, 0x202a..<0xfeff, 0xff00..<0xfffe, 0x10000...: true
            default: false
            }
        }
    }

    /// Whether unquoted text is text for every reader of YAML, old ones included.
    private static func isUnmistakable(_ text: String) -> Bool {
        let isWord = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."), UInt8(ascii: "/"):
                true
            default: false
            }
        }
        guard isWord, let first = text.utf8.first, first != UInt8(ascii: "_"),
            first | 0x20 >= UInt8(ascii: "a")
        else { return false }
        return !["y", "n", "yes", "no", "on", "off", "true", "false", "null"].contains(text.lowercased())
    }
}
