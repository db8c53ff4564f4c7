import PKI
import TestSupport
import Testing

@Suite struct JoinTokenTests {
    private let token: JoinToken

    init() throws {
        self.token = try Self.make()
    }

    private static func make(
        id: String = "to-west-1",
        issuer: String = "east",
        peer: String = "west",
        servers: [String] = ["https://mesh.east.example:8443", "https://[2001:db8::1]:8443/admin"],
        pin: JoinPin = .publicKey([UInt8](repeating: 7, count: 32)),
        expires: Int64 = noon + 3600
    ) throws -> JoinToken {
        try JoinToken(
            id: id,
            issuer: issuer,
            peer: peer,
            servers: servers,
            pin: pin,
            expires: expires,
            secret: JoinToken.makeSecret()
        )
    }

    private func read(_ text: [UInt8]) throws -> JoinToken {
        try JoinToken(text: SecretBytes(text))
    }

    @Test func tokenSurvivesItsText() throws {
        for pin in [JoinPin.publicKey, JoinPin.certificate] {
            let token = try Self.make(pin: pin((0..<32).map { UInt8($0) }))
            let text = try token.text().copy()
            #expect(
                text.allSatisfy { byte in
                    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8.contains(byte)
                }
            )
            for spelled in [text, Array(" \n".utf8) + text + Array("\r\n".utf8)] {
                let read = try self.read(spelled)
                #expect(read.id == token.id && read.issuer == token.issuer && read.peer == token.peer)
                #expect(read.servers == token.servers && read.pin == token.pin)
                #expect(read.expires == token.expires)
                #expect(try read.authenticationKey().copy() == token.authenticationKey().copy())
                #expect(try read.text().copy() == text)
            }
        }
        let key = try self.token.authenticationKey().copy()
        #expect(try Self.make().authenticationKey().copy() != key)
    }

    @Test func cutAndMistypedTextsAreRefused() throws {
        let text = try self.token.text().copy()
        for count in 0..<text.count {
            #expect(throws: PKIError.self) { try self.read(Array(text[..<count])) }
        }
        for index in text.indices {
            var changed = text
            changed[index] = changed[index] == 0x41 ? 0x42 : 0x41
            #expect(throws: PKIError.self, "character \(index)") { try self.read(changed) }
        }
        #expect(throws: PKIError.self) { try self.read(text + text) }
        #expect(throws: PKIError.join(.tooLarge(limitBytes: JoinToken.longestText))) {
            try self.read([UInt8](repeating: 0x41, count: JoinToken.longestText + 1))
        }
        for other in ["", "hello", "!!", "eyJhbGciOiJIUzI1NiJ9"] {
            let error = #expect(throws: PKIError.self) { try self.read(Array(other.utf8)) }
            guard case .join(.malformed) = error else {
                Issue.record("\(other): \(String(describing: error))")
                continue
            }
        }
    }

    @Test func laterVersionIsNamed() throws {
        // "isthmus-join-token 2\n"
        #expect(throws: PKIError.join(.unsupportedVersion("2"))) {
            try self.read(Array("aXN0aG11cy1qb2luLXRva2VuIDIK".utf8))
        }
    }

    @Test func secretStandsInNoDescription() throws {
        let text = String(decoding: try self.token.text().copy(), as: UTF8.self)
        for description in ["\(self.token)", String(reflecting: self.token)] {
            #expect(description == "join token to-west-1 of east for west")
            #expect(!description.contains(text.suffix(60).prefix(20)))
        }
    }

    @Test func tokensThatCannotWorkAreNotMade() throws {
        for id in ["", "A", "a b", String(repeating: "a", count: 64)] {
            #expect(throws: PKIError.self, "\(id)") { try Self.make(id: id) }
        }
        #expect(throws: PKIError.self) { try Self.make(peer: "east") }
        #expect(throws: PKIError.self) { try Self.make(peer: "we st") }
        let many = [String](repeating: "https://a", count: 9)
        for servers in [[], many] { #expect(throws: PKIError.self) { try Self.make(servers: servers) } }
        for server in [
            "http://a", "https://", "https://a:0", "https://a:65536", "https://a:x", "https://u@a",
            "https://a?q", "https://a#f", "https://a b", "https://a\nid x", "https://[::1", "https://::1",
            "https://[192.0.2.1]", "https://" + String(repeating: "a", count: 600),
        ] {
            #expect(throws: PKIError.self, "\(server)") { try Self.make(servers: [server]) }
        }
        #expect(throws: Never.self) { try Self.make(servers: ["https://a", "https://192.0.2.1:1/x/y"]) }
        #expect(throws: PKIError.self) {
            try JoinToken(
                id: "a",
                issuer: "east",
                peer: "west",
                servers: ["https://a"],
                pin: .publicKey([]),
                expires: 1,
                secret: SecretBytes([1, 2, 3])
            )
        }
    }

    @Test func clocksMayDifferByTheToleranceWhenATokenEnds() throws {
        let end = self.token.expires
        #expect(throws: Never.self) { try self.token.checkTime(now: end + 59, tolerance: 60) }
        #expect(throws: PKIError.join(.expired(at: end, now: end + 60))) {
            try self.token.checkTime(now: end + 60, tolerance: 60)
        }
    }
}
