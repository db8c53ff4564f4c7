/// PEM text, as far as OpenSSL does not do it: its reader passes over what it does not know.
enum PEMText {
    /// How many blocks begin in the text.
    static func blocks(in bytes: [UInt8]) -> Int {
        let mark = Array("-----BEGIN".utf8)
        guard bytes.count >= mark.count else { return 0 }
        return (0...bytes.count - mark.count).count { start in
            bytes[start] == mark[0] && bytes[start..<start + mark.count].elementsEqual(mark)
        }
    }

    /// Returns one block with a newline at its end.
    static func block(_ kind: String, _ der: [UInt8]) -> [UInt8] {
        var text = Array("-----BEGIN \(kind)-----\n".utf8)
        let characters = Array(Base64.text(der, as: .standard).utf8)
        for start in stride(from: 0, to: characters.count, by: 64) {
            text += characters[start..<min(start + 64, characters.count)] + [UInt8(ascii: "\n")]
        }
        return text + Array("-----END \(kind)-----\n".utf8)
    }

    /// Whether the last line is not the beginning of a mark: dashes must end the line that they began.
    static func isComplete(_ bytes: [UInt8]) -> Bool {
        let lines = bytes.split(omittingEmptySubsequences: true) {
            $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r")
        }
        guard let last = lines.last, last.first == UInt8(ascii: "-") else { return true }
        return last.count > 10 && last.suffix(5).elementsEqual("-----".utf8)
    }
}
