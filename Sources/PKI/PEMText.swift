/// What is looked at in a PEM text besides OpenSSL's own reading, which passes over what it does not know.
enum PEMText {
    /// How many blocks begin in the text.
    static func blocks(in bytes: [UInt8]) -> Int {
        let mark = Array("-----BEGIN".utf8)
        guard bytes.count >= mark.count else { return 0 }
        return (0...bytes.count - mark.count).count { start in
            bytes[start] == mark[0] && bytes[start..<start + mark.count].elementsEqual(mark)
        }
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
