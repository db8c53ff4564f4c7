import Testing

@Suite struct NameRulesTests {
    private func violations(in target: String, _ text: String) -> [Violation] {
        NameRules.check(SourceFile(path: "Sources/\(target)/A.swift", text: text))
    }

    @Test(arguments: [
        "Task { work() }", "Task.detached { work() }", "Task(priority: .high) { work() }",
        "let a = Task<Void, Never> { }", "try await Task.sleep(for: .seconds(1))", "let a = try! work()",
        "fatalError(\"no\")", "print(\"hello\")", "debugPrint(1)", "public struct A {}", "open class A {}",
        "let queue = DispatchQueue(label: \"a\")", "let now = Date()", "let now = Date.now",
        "let clock = ContinuousClock()", "let clock = SuspendingClock()", "let now = NIODeadline.now()",
        "var generator = SystemRandomNumberGenerator()", "let mirror = Mirror(reflecting: a)",
        "let a: Any = 1",
        "let a: [String: Any] = [:]", "weak var a: AnyObject?", "static let shared = Store()",
        "nonisolated(unsafe) var a = 1", "nonisolated(unsafe) static let a = 1", "static var count = 0",
        "static var count: Int = 0",
    ])
    func aBannedNameFails(text: String) {
        #expect(self.violations(in: "MVCC", "\n\(text)\n").map(\.line) == [2])
    }

    @Test(arguments: [
        "// Task { is banned, and so is print(", "let a = \"fatalError(\" + \"try!\"",
        "let a: any Sendable = 1",
        "var generator: any RandomNumberGenerator", "static var capacity: Int { 64 }",
        "self.task = Tasks { }",
        "let a = \"\\(b == \"}\" ? 1 : 2) Any\"", "let a: AnySequence<Int>", "printer.blueprint()",
        "let a = try !file.exists()", "nonisolated(unsafe) let a = 1",
        "let a = #\"print(\"x\")\"#", "let a = \"\"\"\n    Task {\n    \"\"\"",
    ])
    func aHarmlessNeighbourPasses(text: String) {
        #expect(self.violations(in: "MVCC", text).isEmpty)
    }

    @Test func theProcessMayDoWhatOthersMayNot() {
        #expect(
            self.violations(in: "isthmus", "print(1)\nTask { work() }\nlet c = ContinuousClock()").isEmpty
        )
        #expect(self.violations(in: "RPC", "let c = ContinuousClock()").isEmpty)
        #expect(self.violations(in: "isthmus", "let a = try! work()").count == 1)
    }

    @Test func unfinishedThoughtsFailInTestsToo() {
        let mark = "TO" + "DO"
        let text = "let a = 1  // \(mark): more\n/* FIX" + "ME */\n"
        #expect(
            NameRules.check(SourceFile(path: "Tests/MVCCTests/A.swift", text: text)).map(\.line) == [1, 2]
        )
        #expect(self.violations(in: "MVCC", text).count == 2)
    }

    @Test func generatedCodeIsLeftAlone() {
        let text = "public struct A { var a: Any; static var b = 1 }"
        #expect(NameRules.check(SourceFile(path: "Sources/EtcdAPI/Generated/a.pb.swift", text: text)).isEmpty)
    }
}
