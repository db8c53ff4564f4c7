import NIOCore
import Testing

@testable import DataPlane

@Suite struct JSONSplitterTests {
    /// Cuts `text`, given in chunks of this size; the last element is what stopped it, if anything did.
    private func split(_ text: String, chunk: Int = .max, limit: Int = 1_000) -> [String] {
        var splitter = JSONSplitter(limit: limit)
        var found: [String] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            var bytes = ByteBuffer(bytes: rest.prefix(chunk))
            rest = rest.dropFirst(chunk)
            reading: while true {
                switch splitter.next(from: &bytes) {
                case .needsMore: break reading
                case .object(let object): found.append(String(buffer: object))
                case let failure: return found + ["\(failure)"]
                }
            }
            #expect(bytes.readableBytes == 0)
        }
        return splitter.keptByteCount > 0 ? found + ["open"] : found
    }

    @Test(
        "objects are cut wherever the chunks end",
        arguments: [
            ("{}", ["{}"]),
            (" \n{}\t\r\n", ["{}"]),
            ("{}{}", ["{}", "{}"]),
            (#"{"a":{"b":[{}]}} {"c":1}"#, [#"{"a":{"b":[{}]}}"#, #"{"c":1}"#]),
            (#"{"}":"{[\"\\"}{}"#, [#"{"}":"{[\"\\"}"#, "{}"]),
            (#"{"a":"\\\"}"}"#, [#"{"a":"\\\"}"}"#]),
            (#"{"ä":"€😀"}"#, [#"{"ä":"€😀"}"#]),
            (#"{"a":"#, ["open"]),
            ("{} [", ["{}", "malformed"]),
            ("{}x{}", ["{}", "malformed"]),
            ("1", ["malformed"]),
            ("}", ["malformed"]),
            ("", []),
            (" \n ", []),
        ] as [(String, [String])]
    )
    func objects(text: String, expected: [String]) {
        for chunk in 1...max(1, text.utf8.count) {
            #expect(self.split(text, chunk: chunk) == expected, "in chunks of \(chunk)")
        }
    }

    @Test func anObjectMayBeAsLongAsTheLimit() {
        let object = #"{"a":"xxx"}"#
        for chunk in [1, 3, .max] {
            #expect(self.split(object + object, chunk: chunk, limit: object.utf8.count) == [object, object])
            #expect(self.split(object, chunk: chunk, limit: object.utf8.count - 1) == ["tooLarge"])
        }
    }

    @Test func levelsAreCounted() {
        let depth = JSONSplitter.maximumDepth
        let deepest = #"{"a":"# + String(repeating: "[", count: depth - 1)
        #expect(self.split(deepest) == ["open"])
        #expect(self.split(deepest + "[") == ["tooDeep"])
        let closed = deepest + String(repeating: "]", count: depth - 1) + "}"
        #expect(self.split(closed) == [closed])
    }
}
