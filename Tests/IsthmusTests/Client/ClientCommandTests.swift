import AdminClient
import ArgumentParser
import Documents
import Testing

@testable import isthmus

@Suite struct ClientCommandTests {
    @Test func everyKindHasNamesOfItsOwn() {
        let names = ResourceKind.all.flatMap { kind in
            Set(
                ([kind.kind, kind.plural, kind.singular] + kind.shortNames).map {
                    $0.lowercased().filter { $0 != "-" }
                }
            )
        }
        #expect(Set(names).count == names.count)
        #expect(ResourceKind.named("ExportRules")?.kind == "ExportRule")
        #expect(ResourceKind.named("EXPORT-RULE")?.kind == "ExportRule")
        #expect(ResourceKind.named("er")?.kind == "ExportRule")
        #expect(ResourceKind.named("car") == nil)
    }

    @Test func namesAreReadInBothForms() throws {
        #expect(try ObjectName.parse(["peers"]).names.isEmpty)
        #expect(try ObjectName.parse(["peer", "a", "b"]).names.map(\.description) == ["peer/a", "peer/b"])
        #expect(
            try ObjectName.parse(["svc", "shop/cart"]).names[0].path == [
                "api", "v1", "services", "shop", "cart",
            ]
        )
        let mixed = try ObjectName.parse(["svc/shop/cart", "no/a"]).names
        #expect(mixed.map(\.description) == ["service/shop/cart", "node/a"])
    }

    @Test(arguments: [
        ["car"], ["peer", "a/b"], ["peer", ""], ["svc", "cart"], ["svc/cart"], ["peer/a", "b"],
        ["svc", "/cart"],
    ])
    func wrongNamesAreUsage(words: [String]) {
        do {
            _ = try ObjectName.parse(words)
            Issue.record("\(words) was accepted")
        } catch {
            #expect(error.status == .usage)
        }
    }

    @Test(arguments: [
        (400, 1), (401, 5), (403, 5), (404, 1), (408, 6), (409, 4), (410, 1), (412, 4), (422, 1), (429, 1),
        (500, 1), (503, 3), (504, 6), (507, 1),
    ])
    func everyStatusHasItsExitCode(status: Int, code: Int32) {
        let failure = CommandFailure(.problem(Problem(status: status, members: DocumentObject())))
        #expect(failure.status.rawValue == code)
    }

    @Test func otherFailuresHaveTheirExitCodes() {
        #expect(CommandFailure(.unreachable("")).status == .unreachable)
        #expect(CommandFailure(.untrusted("")).status == .unreachable)
        #expect(CommandFailure(.brokenOff("")).status == .unreachable)
        #expect(CommandFailure(.invalidAddress("")).status == .usage)
        #expect(CommandFailure(.tooLarge(limit: 1)).status == .failed)
    }

    @Test func aProblemIsSaidWithItsFieldsAndHint() throws {
        let document: DocumentValue = [
            "title": "Invalid object", "detail": "one field is wrong", "hint": "see the schema",
            "errors": [["pointer": "/spec/x", "code": "required", "message": "is missing\u{1b}"]],
            "retryAfterSeconds": 2,
        ]
        let problem = Problem(status: 422, members: try #require(document.object))
        #expect(
            CommandFailure.text(of: problem) == """
                Invalid object: one field is wrong
                  /spec/x: is missing? (required)
                  hint: see the schema
                  try again in 2 s
                """
        )
    }

    @Test func noFlagTakesAToken() throws {
        for arguments in [["whoami", "--token", "x"], ["get", "peers", "--token=x"]] {
            #expect(throws: (any Error).self) { try Isthmus.parseAsRoot(arguments) }
        }
    }

    @Test(arguments: [
        ["apply"], ["apply", "-f", "a", "-l", "x=y"], ["kv", "get", "--limit", "0"], ["get"],
        ["restore", "a"], ["restore", "a", "--admin", "--skip-hash-check"],
        ["restore", "a", "--state-dir", "b", "--address", "unix:/x"], ["get", "peers", "--timeout", "0s"],
        ["get", "peers", "--timeout", "soon"], ["token", "create", "a"],
    ])
    func wrongCommandLinesAreRefused(arguments: [String]) {
        #expect(throws: (any Error).self) { try Isthmus.parseAsRoot(arguments) }
    }

    @Test func theTimeLimitEndsWhatNeverEnds() async throws {
        do {
            try await TimeLimit.run(.milliseconds(20)) { try await Task.sleep(for: .seconds(3_600)) }
            Issue.record("it ended")
        } catch {
            #expect(CommandFailure.from(error) == CommandFailure(.timeout, "not done within 20 ms"))
        }
        #expect(try await TimeLimit.run(.seconds(3_600)) { 3 } == 3)
        #expect(try await TimeLimit.run(nil) { 4 } == 4)
    }
}
