import Testing

@Suite struct SizeRulesTests {
    private func function(lines: Int) -> String {
        "func long(a: Int = { 1 }(), b: [Int]) async throws -> Int\nwhere Int: Sendable {\n"
            + String(repeating: "    let text = \"}\" // }\n", count: lines - 3) + "}\n"
    }

    @Test func aFileOfFourHundredLinesPassesAndOneMoreFails() {
        let line = "let a = 1\n"
        let fits = SourceFile(path: "Sources/MVCC/A.swift", text: String(repeating: line, count: 400))
        let longer = SourceFile(path: "Sources/MVCC/A.swift", text: String(repeating: line, count: 401))
        #expect(SizeRules.check(fits).isEmpty)
        #expect(SizeRules.check(longer).map(\.line) == [401])
    }

    @Test func aLineOfOneHundredAndTenColumnsPassesAndOneMoreFails() {
        let widest = String(repeating: "ä", count: 110)
        let fits = SourceFile(path: "Tests/EndToEnd/a.py", text: "a\n" + widest)
        let longer = SourceFile(path: "Tests/EndToEnd/a.py", text: "a\n" + widest + "ä\n")
        #expect(SizeRules.check(fits).isEmpty)
        #expect(SizeRules.check(longer).map(\.line) == [2])
    }

    @Test func aFunctionOfSeventyLinesPassesAndOneMoreFails() {
        let fits = SourceFile(path: "Sources/MVCC/A.swift", text: "\n" + self.function(lines: 70))
        let longer = SourceFile(path: "Sources/MVCC/A.swift", text: "\n" + self.function(lines: 71))
        #expect(SizeRules.check(fits).isEmpty)
        #expect(SizeRules.check(longer).map(\.line) == [2])
    }

    @Test func initialisersSubscriptsAndAccessorsAreFunctionsToo() {
        let body = String(repeating: "    work()\n", count: 80)
        for head in ["init(a: Int) {", "init?(a: Int) {", "deinit {", "subscript(i: Int) -> Int {", "get {"] {
            let file = SourceFile(path: "Sources/MVCC/A.swift", text: "\(head)\n\(body)}\n")
            #expect(SizeRules.check(file).map(\.line) == [1], "\(head)")
        }
    }

    @Test func aRequirementWithoutABodyDoesNotTakeTheNextBody() {
        let body = String(repeating: "    work()\n", count: 80)
        let text = "protocol P {\n    func a() -> Int\n    var b: Int { get }\n}\nextension P {\n\(body)}\n"
        #expect(SizeRules.check(SourceFile(path: "Sources/MVCC/A.swift", text: text)).isEmpty)
    }

    @Test func generatedCodeMayBeLong() {
        let text = String(repeating: "let a = 1\n", count: 1_000) + String(repeating: "b", count: 200)
        #expect(SizeRules.check(SourceFile(path: "Sources/EtcdAPI/Generated/a.pb.swift", text: text)).isEmpty)
    }
}
