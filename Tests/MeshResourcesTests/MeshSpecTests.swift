import Documents
import MeshResources
import MeshSchema
import Testing

/// Peers, rules, settings and tokens.
@Suite struct MeshSpecTests {
    static let pem = "-----BEGIN CERTIFICATE-----\\nTUlJQg==\\n-----END CERTIFICATE-----\\n"

    @Test func theContractsPeerIsRead() throws {
        let json =
            #"{"clusterID":8,"endpoints":[{"url":"https://west.mesh.example:2379","serverName":"#
            + #""west.mesh.cilium.io","addresses":["203.0.113.9"]}],"trust":{"pem":"\#(Self.pem)"},"#
            + #""clientCertificate":"remote","mirror":{"enabled":true,"kinds":["nodes","services","#
            + #""identities","endpoints"]},"guard":{"podCIDRs":["10.8.0.0/16"],"nodeCIDRs":["#
            + #""192.168.8.0/24"],"serviceCIDRs":["10.97.0.0/16"],"quota":{"keys":50000,"bytes":"64Mi","#
            + #""eventsPerSecond":5000}},"staleness":{"after":"10m","action":"withdrawServices"}}"#
        let cluster = try SpecReading.cluster()
        let peer = try SpecReading.valid(json) { PeerSpec($0, in: cluster) }
        #expect(peer.clusterID.rawValue == 8)
        #expect(peer.endpoints[0].url.description == "https://west.mesh.example:2379")
        #expect(peer.guard.quota.bytes == ByteCount(bytes: 64 << 20))
        #expect(peer.staleness?.after == .seconds(600) && peer.staleness?.action == .withdrawServices)
        #expect(peer.mirror.kinds == [.nodes, .services, .identities, .endpoints])
    }

    @Test(
        arguments: [
            (#"{}"#, ["/spec/clusterID required", "/spec/endpoints required"]),
            (#"{"clusterID":8,"endpoints":[]}"#, ["/spec/endpoints required"]),
            (#"{"clusterID":7,"endpoints":[{"url":"https://w:1"}]}"#, ["/spec/clusterID invalid-value"]),
            (#"{"clusterID":9,"endpoints":[{"url":"https://w:1"}]}"#, ["/spec/clusterID duplicate"]),
            (#"{"clusterID":0,"endpoints":[{"url":"https://w:1"}]}"#, ["/spec/clusterID out-of-range"]),
            (#"{"clusterID":256,"endpoints":[{"url":"https://w:1"}]}"#, ["/spec/clusterID out-of-range"]),
            (
                #"{"clusterID":8,"endpoints":[{"url":"https://w:1"},{"url":"https://w:1/"},"#
                    + #"{"url":"w:1"},{}]}"#,
                [
                    "/spec/endpoints/1 duplicate", "/spec/endpoints/2/url invalid-format",
                    "/spec/endpoints/3/url required",
                ]
            ),
            (
                #"{"clusterID":8,"endpoints":[{"url":"https://w:1","serverName":"*","addresses":["x"]}],"#
                    + #""trust":{},"clientCertificate":"R","mirror":{"kinds":["pods","nodes","nodes"]},"#
                    + #""guard":{"podCIDRs":["10.0.0.0/33"],"quota":{"keys":0,"bytes":"1X","events":1}},"#
                    + #""staleness":{"after":"0s"}}"#,
                [
                    "/spec/endpoints/0/serverName invalid-format",
                    "/spec/endpoints/0/addresses/0 invalid-format", "/spec/trust/pem required",
                    "/spec/clientCertificate invalid-format", "/spec/mirror/kinds/0 invalid-value",
                    "/spec/mirror/kinds/2 duplicate", "/spec/guard/podCIDRs/0 invalid-format",
                    "/spec/guard/quota/keys out-of-range", "/spec/guard/quota/bytes invalid-format",
                    "/spec/guard/quota/events unknown-field", "/spec/staleness/after out-of-range",
                    "/spec/staleness/action required",
                ]
            ),
        ] as [(String, [String])]
    )
    func everythingWrongWithAPeerIsNamed(json: String, problems: [String]) throws {
        let cluster = try SpecReading.cluster()
        let outcome = try SpecReading.read(json) { PeerSpec($0, in: cluster, others: [9: "north"]) }
        #expect(outcome.summary == problems)
    }

    @Test(
        arguments: [
            ("https://west.mesh.example:2379", "https://west.mesh.example:2379"),
            ("https://10.0.0.1:1/", "https://10.0.0.1:1"),
            ("https://[FD00::1]:65535", "https://[fd00::1]:65535"),
            ("http://localhost:1", "http://localhost:1"), ("http://127.9.0.1:1", "http://127.9.0.1:1"),
            ("http://[::1]:1", "http://[::1]:1"),
        ]
    )
    func urlsAreRead(text: String, written: String) throws {
        #expect(try EndpointURL(text).description == written)
    }

    @Test(arguments: [
        "", "west:2379", "ftp://w:1", "https://", "https://:1", "https://w", "https://w:", "https://w:0",
        "https://w:65536", "https://w:01", "https://w:1/x", "https://w:1?x", "https://u@w:1", "https://[::1]",
        "https://[10.0.0.1]:1", "https://::1:1", "https://W:1", "https://10.0.0.256:1", "https://10.0.1:1",
        "http://west:1", "http://10.0.0.1:1", "HTTPS://w:1", "https://w :1", "https://w:1#",
    ])
    func whatIsNoURLOfAStoreIsRefused(text: String) {
        #expect(throws: ResourceError.self) { try EndpointURL(text) }
    }

    @Test(
        arguments: [
            (pem, []), (pem + pem, []), ("# west\\n" + pem + "trailing words\\n", []),
            (pem.replacing("\\n", with: "\\r\\n"), []),
            ("", ["there is no certificate"]), ("MIIB", ["there is no certificate"]),
            ("-----BEGIN CERTIFICATE-----\\nTUlJQg==\\n", ["has no end"]),
            ("-----BEGIN CERTIFICATE-----\\n-----END CERTIFICATE-----", ["is not base64"]),
            ("-----BEGIN CERTIFICATE-----\\nTU*JQg==\\n-----END CERTIFICATE-----", ["is not base64"]),
            ("-----BEGIN CERTIFICATE-----\\nTUlJQ\\n-----END CERTIFICATE-----", ["is not base64"]),
            (pem + "-----BEGIN EC PRIVATE KEY-----\\nAA==\\n-----END EC PRIVATE KEY-----", ["a private key"]),
            ("-----BEGIN CERTIFICATE REQUEST-----\\nAA==\\n", ["only certificates"]),
            ("-----BEGIN CERTIFICATE-----\\nAAAA\\n" + pem, ["has no end"]),
        ] as [(String, [String])]
    )
    func trustIsCertificatesInPEM(text: String, parts: [String]) throws {
        let json = #"{"clusterID":8,"endpoints":[{"url":"https://w:1"}],"trust":{"pem":"\#(text)"}}"#
        let cluster = try SpecReading.cluster()
        let outcome = try SpecReading.read(json) { PeerSpec($0, in: cluster) }
        #expect(outcome.summary == parts.map { _ in "/spec/trust/pem invalid-format" })
        for (problem, part) in zip(outcome.problems, parts) {
            #expect(problem.message.contains(part), "\(problem.message)")
        }
    }

    @Test func theContractsRuleIsRead() throws {
        let json =
            #"{"priority":10,"action":"deny","peers":{"names":["west"],"selector":{"matchLabels":"#
            + #"{"region":"eu"}}},"kinds":["services"],"namespaces":["shop"],"names":["cart-*"],"#
            + #""selector":{"matchLabels":{"app":"cart"}},"cidrs":["10.0.0.0/8"]}"#
        let rule = try SpecReading.valid(json) { RuleSpec($0) }
        #expect(rule.action == .deny && rule.priority == 10)
        #expect(rule.names?.first?.matches("cart-1") == true)
        #expect(rule.selector?.matches(["app": "cart"]) == true)
    }

    @Test(
        arguments: [
            (#"{"action":"allow"}"#, []),
            (#"{}"#, ["/spec/action required"]),
            (
                #"{"action":"drop","priority":2147483648,"peers":{},"kinds":[],"names":[],"cidrs":[]}"#,
                [
                    "/spec/priority out-of-range", "/spec/action invalid-value", "/spec/peers required",
                    "/spec/kinds invalid-value", "/spec/names invalid-value", "/spec/cidrs invalid-value",
                ]
            ),
            (
                #"{"action":"deny","peers":{"names":["West","w","w"]},"#
                    + #""namespaces":["A","*"],"names":["a b"]}"#,
                [
                    "/spec/peers/names/0 invalid-format", "/spec/peers/names/2 duplicate",
                    "/spec/namespaces/0 invalid-format", "/spec/names/0 invalid-format",
                ]
            ),
        ] as [(String, [String])]
    )
    func everythingWrongWithARuleIsNamed(json: String, problems: [String]) throws {
        #expect(try SpecReading.read(json) { RuleSpec($0) }.summary == problems)
    }

    @Test func settingsHaveDefaultsAndAreWrittenAsTheyAreRead() throws {
        let empty = try SpecReading.valid("{}") { SettingsSpec($0) }
        #expect(empty == SettingsSpec())
        let text = String(decoding: JSONWriter.write(empty.document), as: UTF8.self)
        #expect(try SpecReading.valid(text) { SettingsSpec($0) } == empty)
        let json =
            #"{"exports":{"default":"deny"},"certificates":{"lifetime":"90m","renewBefore":"1500ms"},"#
            + #""limits":{"peerQuota":{"keys":5,"bytes":1024,"eventsPerSecond":6}}}"#
        let spec = try SpecReading.valid(json) { SettingsSpec($0) }
        #expect(spec.exportDefault == .deny && spec.importDefault == .allow)
        let again = String(decoding: JSONWriter.write(spec.document), as: UTF8.self)
        #expect(try SpecReading.valid(again) { SettingsSpec($0) } == spec)
    }

    @Test(
        arguments: [
            (
                #"{"exports":{"default":"maybe"},"import":{}}"#,
                [
                    "/spec/exports/default invalid-value", "/spec/import unknown-field",
                ]
            ),
            (
                #"{"certificates":{"lifetime":"1h","renewBefore":"1h"}}"#,
                [
                    "/spec/certificates/renewBefore mismatch"
                ]
            ),
            (#"{"certificates":{"lifetime":"1h"}}"#, ["/spec/certificates mismatch"]),
            (#"{"certificates":{"lifetime":"1s"}}"#, ["/spec/certificates/lifetime out-of-range"]),
        ] as [(String, [String])]
    )
    func everythingWrongWithSettingsIsNamed(json: String, problems: [String]) throws {
        #expect(try SpecReading.read(json) { SettingsSpec($0) }.summary == problems)
    }

    @Test(
        arguments: [
            (#"{"scopes":["viewer","admin"],"expiresAt":"2030-01-31T12:00:00Z","description":"CI"}"#, []),
            (#"{}"#, ["/spec/scopes required"]),
            (#"{"scopes":[]}"#, ["/spec/scopes required"]),
            (
                #"{"scopes":["root","viewer","viewer"]}"#,
                [
                    "/spec/scopes/0 invalid-value", "/spec/scopes/2 duplicate",
                ]
            ),
            (
                #"{"scopes":["viewer"],"expiresAt":"tomorrow","token":"x"}"#,
                [
                    "/spec/expiresAt invalid-format", "/spec/token unknown-field",
                ]
            ),
        ] as [(String, [String])]
    )
    func tokens(json: String, problems: [String]) throws {
        #expect(try SpecReading.read(json) { TokenSpec($0) }.summary == problems)
    }
}

@Suite struct NamePatternTests {
    /// All texts over `a`, `b` of up to four letters, and all patterns of up to four over `a`, `b` and `*`.
    static func all(_ letters: [String], upTo length: Int) -> [String] {
        var all = [""]
        var last = [""]
        for _ in 0..<length {
            last = last.flatMap { text in letters.map { text + $0 } }
            all += last
        }
        return all
    }

    static func matches(_ pattern: Substring, _ text: Substring) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == "*" {
            return Self.matches(pattern.dropFirst(), text)
                || (!text.isEmpty && Self.matches(pattern, text.dropFirst()))
        }
        return text.first == first && Self.matches(pattern.dropFirst(), text.dropFirst())
    }

    @Test func aStarStandsForAnyText() throws {
        let texts = Self.all(["a", "b"], upTo: 4)
        for pattern in Self.all(["a", "b", "*"], upTo: 4).dropFirst() {
            let parsed = try NamePattern(pattern)
            for text in texts where parsed.matches(text) != Self.matches(pattern[...], text[...]) {
                Issue.record("\(pattern) with \(text)")
            }
        }
        #expect(throws: ResourceError.empty) { try NamePattern("") }
    }
}
