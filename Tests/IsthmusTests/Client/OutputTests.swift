import AdminClient
import Documents
import Foundation
import Testing

@testable import isthmus

@Suite struct OutputTests {
    private static let now = Date(timeIntervalSince1970: 1_700_000_000)

    @Test func aTableHasStraightColumnsAndNoSpacesAtItsEnds() {
        var table = TextTable(["NAME", "VALUE", "X"])
        table.add(["a", "long value", ""])
        table.add(["longer", "b", "c"])
        #expect(table.text == "NAME    VALUE       X\na       long value  -\nlonger  b           c\n")
    }

    @Test func textFromElsewhereCannotSteerATerminal() {
        #expect(TerminalText.printable("a\u{1b}[31mb\nc\u{7f}\u{202e}d\u{9b}e é 漢") == "a?[31mb c??d?e é 漢")
        var table = TextTable(["A"])
        table.add(["x\ny\u{1b}"])
        #expect(table.text == "A\nx y?\n")
    }

    @Test(arguments: [
        (30, "30s"), (119, "119s"), (120, "2m"), (7_199, "119m"), (7_200, "2h"), (172_799, "47h"),
        (172_800, "2d"), (-5, "0s"),
    ])
    func agesAreShort(seconds: Int, expected: String) {
        let time = Self.now.addingTimeInterval(Double(-seconds)).formatted(.iso8601)
        #expect(Age.text(of: time, now: Self.now) == expected)
    }

    @Test func timesWithFractionsAndNoTimesAreRead() {
        #expect(Age.text(of: "2023-11-14T22:13:00.5Z", now: Self.now) == "19s")
        #expect(Age.text(of: "yesterday", now: Self.now) == "")
    }

    @Test func objectsBecomeRows() throws {
        let kind = try #require(ResourceKind.named("svc"))
        let service: DocumentValue = [
            "kind": "Service",
            "metadata": ["namespace": "shop", "name": "cart", "creationTimestamp": "2023-11-14T22:12:20Z"],
            "spec": [
                "frontends": [["ip": "10.96.0.10"], ["ip": "fd00::1"]], "backends": [[:], [:]],
                "shared": true,
            ],
            "status": ["conditions": [["type": "Applied", "status": "False", "reason": "ForeignWriter"]]],
        ]
        let table = ObjectTable(kind: kind, now: Self.now)
        #expect(table.titles == ["NAME", "FRONTENDS", "BACKENDS", "SHARED", "AFFINITY", "APPLIED", "AGE"])
        #expect(
            table.cells(service)
                == ["shop/cart", "10.96.0.10,fd00::1", "2", "true", "", "ForeignWriter", "60s"]
        )
    }

    @Test func thePlanCountsAndSpeaks() throws {
        let document: DocumentValue = [
            "kind": "ConfigPlan", "summary": ["create": 1],
            "items": [
                ["action": "create", "kind": "Peer", "name": "west"],
                ["action": "unchanged", "kind": "Service", "name": "shop/cart"],
                ["action": "delete", "kind": "Node", "name": "b"],
                [
                    "action": "update", "kind": "Node", "name": "a",
                    "errors": [["pointer": "/spec", "code": "required", "message": "is missing"]],
                ],
            ],
        ]
        let plan = try #require(ConfigPlan(document))
        #expect(plan.summary == "1 created, 1 configured, 1 deleted, 1 unchanged")
        #expect(plan.changed.map(\.description) == ["peer/west", "node/a"])
        #expect(plan.items[3].errors == ["/spec: is missing"])
        #expect(plan.document.object?["summary"] == ["create": 1, "update": 1, "delete": 1, "unchanged": 1])
        #expect(ConfigPlan(["kind": "ConfigPlan", "items": [["action": "explode"]]]) == nil)
        #expect(ConfigPlan(["kind": "Peer"]) == nil)
    }

    @Test func aPeerInTroubleIsNotWell() {
        let system: DocumentValue = [
            "ready": true, "clusterName": "east", "clusterID": 1, "store": ["revision": "7"],
        ]
        func peer(_ phase: String?) -> DocumentValue {
            let status: DocumentValue = phase.map { ["phase": .string($0)] } ?? [:]
            return ["kind": "Peer", "metadata": ["name": "west"], "spec": ["clusterID": 8], "status": status]
        }
        #expect(StatusReport(system: system, peers: [peer(nil), peer("Live")]).isWell)
        let troubled = StatusReport(system: system, peers: [peer("Degraded")])
        #expect(troubled.isReady && !troubled.isWell)
        #expect(troubled.troubledPeers == ["west"])
        #expect(!StatusReport(system: ["ready": false], peers: []).isWell)
        let text = troubled.text(now: Self.now, Console(environment: ["NO_COLOR": "1"]))
        #expect(text.hasPrefix("cluster east (1) is ready\n"))
        #expect(text.contains("  revision     7\n"))
        #expect(text.contains("west  8           Degraded"))
    }
}
