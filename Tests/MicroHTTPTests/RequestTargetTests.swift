import MicroHTTP
import Testing

@Suite struct RequestTargetTests {
    private func parse(_ text: String) throws(Refusal) -> RequestTarget {
        try RequestTarget(Array(text.utf8), maximumPairs: 4)
    }

    @Test(arguments: [
        ("/", [""]), ("/v1/kv", ["v1", "kv"]), ("/v1/kv/a%2Fb", ["v1", "kv", "a/b"]),
        ("/a//b/", ["a", "", "b", ""]), ("/%c3%a9+%41", ["é+A"]), ("/x:rotate?a=b", ["x:rotate"]),
        ("http://host:1/a?x", ["a"]), ("https://h/", [""]), ("/.../a.", ["...", "a."]),
    ])
    func pathIsDecodedPartByPart(text: String, segments: [String]) throws {
        #expect(try self.parse(text).segments == segments)
    }

    @Test func rawPathIsKept() throws {
        #expect(try self.parse("/a%2Fb?c").rawPath == "/a%2Fb")
    }

    @Test(arguments: [
        ("/?", []), ("/?a", ["a="]), ("/?a=1&a=2&b=", ["a=1", "a=2", "b="]), ("/?&&a=b=c", ["a=b=c"]),
        ("/?l=a+in+%28b%2Bc%29", ["l=a in (b+c)"]), ("/?%61=?", ["a=?"]), ("/?=x", ["=x"]),
    ])
    func queryKeepsOrderAndDuplicates(text: String, pairs: [String]) throws {
        #expect(try self.parse(text).query.map { "\($0.name)=\($0.value)" } == pairs)
    }

    @Test(arguments: [
        "", "*", "a", "host:80", "//%zz", "/%", "/%4", "/%4x", "/%00", "/a%00b", "/?a=%00", "/..", "/a/../b",
        "/%2e%2e/a",
        "/.", "/a/%2E", "/%ff", "/?%ff", "/a#b", "/a b", "/a\u{7f}", "/é", "http:///a", "ftp://h/a", "/\t",
    ])
    func targetThatIsNoPathIsRefused(text: String) {
        #expect(throws: Refusal.malformedTarget) { try self.parse(text) }
    }

    @Test func tooManyPairsAreRefused() throws {
        #expect(try self.parse("/?a&b&c&d").query.count == 4)
        #expect(throws: Refusal.tooManyFields) { try self.parse("/?a&b&c&d&e") }
    }
}
