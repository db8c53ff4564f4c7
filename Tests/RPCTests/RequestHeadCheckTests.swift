import Testing

@testable import RPC

@Suite struct RequestHeadCheckTests {
    private static let good = [
        (":method", "POST"), (":scheme", "http"), (":path", "/a"), (":authority", "b"), ("te", "trailers"),
        ("content-type", "application/grpc"),
    ]

    private func isWellFormed(_ fields: [(String, String)]) -> Bool {
        var check = RequestHeadCheck()
        for (name, value) in fields {
            let name = Array(name.utf8)
            let value = Array(value.utf8)
            check.see(name: name.span, value: value.span)
        }
        return check.isWellFormed
    }

    @Test(
        "any authority that a client may send passes",
        arguments: ["127.0.0.1:2379", "http://127.0.0.1:2379", "#initially=[127.0.0.1:2379;[::1]:2379]", ""]
    )
    func authorityIsNotJudged(authority: String) {
        #expect(
            self.isWellFormed([
                (":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", authority),
            ])
        )
    }

    @Test func aWholeRequestPasses() {
        #expect(self.isWellFormed(Self.good))
    }

    @Test("a request lacks nothing", arguments: [":method", ":scheme", ":path"])
    func missingPseudoFieldFails(name: String) {
        #expect(!self.isWellFormed(Self.good.filter { $0.0 != name }))
    }

    @Test("a pseudo-field stands once", arguments: [":method", ":scheme", ":path", ":authority"])
    func doubledPseudoFieldFails(name: String) {
        #expect(!self.isWellFormed(Self.good.filter { $0.0 == name } + Self.good))
    }

    @Test(
        "a field that no request may have fails",
        arguments: [
            (":status", "200"), (":unknown", "a"), ("Upper", "a"), ("sp ace", "a"), ("", "a"),
            ("colon:", "a"),
            ("connection", "close"), ("keep-alive", "1"), ("proxy-connection", "a"), ("upgrade", "h2c"),
            ("transfer-encoding", "chunked"), ("te", "gzip"), ("a", "line\nbreak"), ("a", "return\r"),
            ("a", "nul\0"), ("a", " padded"), ("a", "padded\t"),
        ]
    )
    func forbiddenFieldFails(name: String, value: String) {
        #expect(!self.isWellFormed(Self.good + [(name, value)]))
    }

    @Test func pseudoFieldsComeFirst() {
        #expect(!self.isWellFormed([("a", "b")] + Self.good))
    }
}
