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
                    object.members.map { (.scalar(self.scalar($0.name)), self.node($0.value)) },
                    .implicit,
                    object.isEmpty ? .flow : .block
                )
            )
        }
    }

    private static func plain(_ text: String) -> Node { .scalar(.init(text, .implicit, .plain)) }

    private static func scalar(_ text: String) -> Node.Scalar {
        let isBlock =
            text.hasSuffix("\n") && text.utf8.first != UInt8(ascii: " ")
            && text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && $0.value != 0x7f }
        if isBlock { return .init(text, .implicit, .literal) }
        return .init(text, .implicit, self.isUnmistakable(text) ? .plain : .doubleQuoted)
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
        guard isWord, let first = text.first, first.isLetter else { return false }
        return !["y", "n", "yes", "no", "on", "off", "true", "false", "null"].contains(text.lowercased())
    }
}
