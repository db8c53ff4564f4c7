/// Cuts a stream of bytes into lines.
package struct LineSplitter: Sendable {
    /// The longest line that is accepted, in bytes.
    package static let lineLimit = 4 << 20

    private var rest: [UInt8] = []

    /// Creates a splitter at the beginning of a line.
    package init() {}

    /// Returns the lines that end in `bytes`, without their line feeds; empty lines are left out.
    ///
    /// - Throws: ``AdminClientError/tooLarge(limit:)`` for a line that is too long.
    package mutating func lines(endingIn bytes: [UInt8]) throws(AdminClientError) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = self.rest + bytes[start..<end]
            self.rest = []
            if !line.isEmpty { lines.append(line) }
            start = end + 1
        }
        self.rest += bytes[start...]
        guard self.rest.count <= Self.lineLimit else { throw .tooLarge(limit: Self.lineLimit) }
        return lines
    }

    /// What came after the last line feed.
    package var unfinished: [UInt8] { self.rest }
}
