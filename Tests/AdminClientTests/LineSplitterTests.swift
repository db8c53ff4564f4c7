import AdminClient
import Testing

@Suite struct LineSplitterTests {
    @Test func linesAreTheSameHoweverTheBytesCome() throws {
        let bytes = Array("one\n\ntwo three\n\nfour".utf8)
        for size in 1...bytes.count {
            var splitter = LineSplitter()
            var lines: [String] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                let piece = Array(bytes[start..<min(bytes.count, start + size)])
                lines += try splitter.lines(endingIn: piece).map { String(decoding: $0, as: UTF8.self) }
            }
            #expect(lines == ["one", "two three"])
            #expect(splitter.unfinished == Array("four".utf8))
        }
    }

    @Test func aLineWithoutEndIsRefused() {
        var splitter = LineSplitter()
        let piece = [UInt8](repeating: 0x61, count: 1 << 20)
        #expect(throws: AdminClientError.self) {
            for _ in 0..<5 { _ = try splitter.lines(endingIn: piece) }
        }
    }
}
