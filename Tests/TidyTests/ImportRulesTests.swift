import Testing

@Suite struct ImportRulesTests {
    private func violations(in target: String, _ text: String) -> [Violation] {
        ImportRules.check(SourceFile(path: "Sources/\(target)/A.swift", text: text))
    }

    @Test(arguments: [
        ("EtcdAPI", "MVCC"), ("MVCC", "Storage"), ("RPC", "EtcdAPI"), ("DataPlane", "PKI"),
        ("DataPlane", "Persistence"),
        ("Storage", "Watching"), ("Mirroring", "DataPlane"), ("AdminPlane", "KubernetesSource"),
        ("PKI", "CNghttp2"),
        ("MVCC", "Foundation"), ("MVCC", "NIOPosix"), ("AccessControl", "Synchronization"),
        ("Storage", "GRDB"),
        ("DataPlane", "CNghttp2"), ("DataPlane", "Foundation"), ("Watching", "ArgumentParser"),
        ("MeshSchema", "Glibc"),
    ])
    func anArrowThatIsNotDrawnFails(target: String, module: String) {
        #expect(self.violations(in: target, "\nimport \(module)\n").map(\.line) == [2])
    }

    @Test(arguments: [
        ("MVCC", "EtcdAPI"), ("Persistence", "GRDB"), ("Storage", "MVCC"), ("isthmus", "DataPlane"),
        ("RPC", "CNghttp2"), ("EtcdAPI", "SwiftProtobuf"), ("MeshSchema", "FoundationEssentials"),
    ])
    func anArrowThatIsDrawnPasses(target: String, module: String) {
        #expect(self.violations(in: target, "package import \(module)\n").isEmpty)
    }

    @Test(arguments: [
        "import Storage", "package import Storage", "private import Storage", "@testable import Storage",
        "@preconcurrency package import Storage", "@_spi(Inner) import Storage",
        "import struct Storage.Store",
        "import class Storage.Replica",
    ])
    func everySpellingOfAnImportIsSeen(text: String) {
        #expect(self.violations(in: "MVCC", text).count == 1)
    }

    @Test func wordsInProseAndNamesAreNoImports() {
        let text = """
            // import Storage
            let a = "import Storage"
            let b = plan.import
            func `import`() {}
            """
        #expect(self.violations(in: "MVCC", text).isEmpty)
    }

    @Test func aTargetWithoutARowFails() {
        #expect(self.violations(in: "Helpers", "let a = 1").count == 1)
    }

    @Test(arguments: ["EventLoopPromise", "Channel", "NIODeadline", "SocketAddress"])
    func aPureTargetMayUseOnlyTheBufferOfTheEventLoops(name: String) {
        let text = "import NIOCore\nfunc a(_ b: \(name)) {}\n"
        #expect(self.violations(in: "MVCC", text).map(\.line) == [2])
        #expect(self.violations(in: "RPC", text).isEmpty)
        #expect(self.violations(in: "MVCC", "import NIOCore\nfunc a(_ b: ByteBuffer) {}\n").isEmpty)
    }
}
