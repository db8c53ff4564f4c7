import Documents
import TestSupport

/// Makes up documents; equal seeds give equal documents.
struct RandomDocuments {
    var random: SeededGenerator

    private static let texts = [
        "", "a", "no", "yes", "on", "null", "~", "true", "0", "007", "1e3", "0x1f", "-", "- a", "a: b",
        "a #b",
        "# c", "{", "[x]", "*a", "&a", "!t", "|", ">", "%", "@", "`", "'", "\"", "\\", " a", "a ", "a\tb",
        "\ta",
        "\n", "\n\n", "a\n", "a\nb", "a\nb\n", "a\n\n", " a\n", "a\n b\n", "\na\n", "a \n", "a\r\nb\n", "\r",
        "\u{0}", "\u{7f}", "\u{85}", "a\u{85}b\n", "\u{a0}", "\u{a0}\n", "\u{2028}", "x\u{2028}\n",
        "\u{feff}", "é",
        "e\u{301}", "日本\n", "😀", "😀\n", "\u{fffe}", "\u{ffff}\n", "2024-01-01", "1:30", "1_000", ".inf", ".5",
        "=", "<<", "---", "...", "--- a\n", "?", "? a", ":", "a:", ",", "y", "n", "#\n", "key\n---\nx\n",
        "%YAML 1.1\n", String(repeating: "word ", count: 60), String(repeating: "w", count: 1_100),
        String(repeating: "long line ", count: 30) + "\nand another\n",
    ]
    private static let numbers: [Double] = [
        0.5, -0.0, 1, 1e20, -1e-7, .leastNonzeroMagnitude, 1.7976931348623157e308, 0.1, 123456789.125,
        9_223_372_036_854_775_808,
    ]

    mutating func text() -> String {
        if self.random.chance(70) { return self.random.pick(Self.texts) }
        var text = ""
        for _ in 0..<self.random.below(6) { text += self.random.pick(Self.texts) }
        return text
    }

    mutating func value(depth: Int = 0) -> DocumentValue {
        switch self.random.below(depth < 4 ? 9 : 6) {
        case 0: return self.random.chance(50) ? .null : .bool(self.random.chance(50))
        case 1: return .integer(Int64(bitPattern: self.random.next()) >> self.random.below(64))
        case 2: return .number(self.random.pick(Self.numbers))
        case 3, 4, 5: return .string(self.text())
        case 6: return .array((0..<self.random.below(4)).map { _ in self.value(depth: depth + 1) })
        default:
            var object = DocumentObject()
            for _ in 0..<self.random.below(5) { object[self.text()] = self.value(depth: depth + 1) }
            return .object(object)
        }
    }

    /// Changes some bytes.
    mutating func mutation(of bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        let pieces =
            Array("{}[],:\"\\u0dD8eE+-.01 \n\t\r'&*!|>%#?<=~\0é".utf8) + [0x80, 0xff, 0xc3, 0xe2, 0xed]
        for _ in 0...self.random.below(3) {
            let index = self.random.below(bytes.count + 1)
            switch self.random.below(4) {
            case 0: bytes.insert(self.random.pick(pieces), at: index)
            case 1 where index < bytes.count: bytes.remove(at: index)
            case 2 where index < bytes.count: bytes[index] = self.random.pick(pieces)
            default: bytes += bytes[index...].prefix(8)
            }
        }
        return bytes
    }
}
