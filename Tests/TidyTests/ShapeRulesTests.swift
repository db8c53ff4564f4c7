import Testing

@Suite struct ShapeRulesTests {
    private func file(_ path: String, _ text: String) -> SourceFile { SourceFile(path: path, text: text) }

    @Test func aClassThatIsNotFinalFails() {
        let path = "Sources/RPC/A.swift"
        #expect(ShapeRules.finalClasses(self.file(path, "\npackage class A {}")).map(\.line) == [2])
        #expect(ShapeRules.finalClasses(self.file("Tests/RPCTests/A.swift", "class A {}")).count == 1)
        #expect(ShapeRules.finalClasses(self.file(path, "package final class A {}")).isEmpty)
        #expect(ShapeRules.finalClasses(self.file(path, "final package class A {}")).isEmpty)
        #expect(
            ShapeRules.finalClasses(self.file(path, "protocol P: AnyObject { }\nlet a = b.class")).isEmpty
        )
    }

    @Test(arguments: ["struct", "enum", "actor", "protocol", "typealias", "final class"])
    func aTypeNamedLikeItsModuleFails(keyword: String) {
        #expect(ShapeRules.ownName(self.file("Sources/Storage/A.swift", "\(keyword) Storage {}")).count == 1)
        #expect(ShapeRules.ownName(self.file("Sources/Storage/A.swift", "\(keyword) Store {}")).isEmpty)
    }

    @Test(arguments: [
        "let a = unsafe b.load()", "func a(_ b: UnsafeRawPointer) {}",
        "b.withUnsafeReadableBytes { $0.count }",
        "let a: OpaquePointer", "let a = Unmanaged.passRetained(b)", "@unsafe func a() {}",
        "unsafeBitCast(a, to: B.self)",
    ])
    func givingUpMemorySafetyFailsOutsideTheAllowList(text: String) {
        #expect(ShapeRules.memorySafety(self.file("Sources/Storage/Store.swift", text)).count == 1)
        #expect(ShapeRules.memorySafety(self.file("Sources/PKI/A.swift", text)).isEmpty)
        #expect(ShapeRules.memorySafety(self.file("Sources/Persistence/StoreFile.swift", text)).count == 1)
        #expect(ShapeRules.memorySafety(self.file("Sources/Persistence/SQLiteHandle.swift", text)).isEmpty)
        #expect(ShapeRules.memorySafety(self.file("Sources/DataPlane/KVService.swift", text)).count == 1)
    }

    @Test func aFileOfTestsWithoutATestFails() {
        let helper = "struct Helper {}"
        #expect(ShapeRules.testsThatTest(self.file("Tests/RPCTests/AFewTests.swift", helper)).count == 1)
        #expect(ShapeRules.testsThatTest(self.file("Tests/RPCTests/Helper.swift", helper)).isEmpty)
        #expect(
            ShapeRules.testsThatTest(self.file("Tests/RPCTests/ATests.swift", "@Test func a() {}")).isEmpty
        )
    }

    @Test func aTestTargetWithoutATestFails() {
        let empty = self.file("Tests/RPCTests/Helper.swift", "struct Helper {}")
        let full = self.file("Tests/PKITests/ATests.swift", "@Test(arguments: [1]) func a(b: Int) {}")
        #expect(ShapeRules.targetsThatTest([empty, full]).map(\.path) == ["Tests/RPCTests"])
    }

    @Test func aFileWithOnlyCommentsFails() {
        let empty = self.file("Sources/RPC/A.swift", "// later\n")
        #expect(ShapeRules.placeholders([empty, self.file("Sources/RPC/B.swift", "let a = 1")]).count == 1)
    }
}
