import Documents
import Foundation
import Testing

@testable import isthmus

@Suite struct ManifestTests {
    /// Runs `body` with a directory of files.
    private func withFiles<Result>(
        _ files: [String: String],
        _ body: (String) throws -> Result
    ) throws -> Result {
        let root = FileManager.default.temporaryDirectory.appending(path: "isthmus-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        for (name, text) in files {
            let file = root.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(text.utf8).write(to: file)
        }
        return try body(root.path)
    }

    /// Reads files, and returns the origins and names, or what is wrong, without the directory's own path.
    private func read(_ files: [String: String], _ paths: [String] = [""]) throws -> [String] {
        try self.withFiles(files) { root in
            let files = ManifestFiles(paths.map { $0.isEmpty ? root : "\(root)/\($0)" })
            do throws(ManifestProblems) {
                return try ManifestReading.read(files).map {
                    "\($0.origin): \($0.name)".replacingOccurrences(of: root + "/", with: "")
                }
            } catch {
                return error.problems.map {
                    $0.description.replacingOccurrences(of: root + "/", with: "")
                        .replacingOccurrences(of: root, with: ".")
                }
            }
        }
    }

    private static let node = "kind: Node\nmetadata: {name: a}\nspec: {}\n"

    @Test func aDirectoryIsReadInTheOrderOfItsPaths() throws {
        let names = try self.read([
            "b.yaml": "kind: Node\nmetadata: {name: b}\n---\n---\nkind: Node\nmetadata: {name: b2}\n",
            "a/z.yml": Self.node,
            "a/y.json": #"{"kind": "Service", "metadata": {"namespace": "shop", "name": "cart"}}"#,
            "c.txt": "not: read", ".hidden/d.yaml": "not: read", ".e.yaml": "not: read",
        ])
        #expect(
            names == [
                "a/y.json: service/shop/cart", "a/z.yml: node/a", "b.yaml, document 1: node/b",
                "b.yaml, document 2: node/b2",
            ]
        )
    }

    @Test func listsAndConfigurationsAreTheirObjects() throws {
        let names = try self.read(
            [
                "config": """
                kind: Config
                items:
                - {kind: Settings, spec: {exportDefault: deny}}
                - {kind: Peer, metadata: {name: west}}
                ---
                kind: NodeList
                metadata: {resourceVersion: "3"}
                items: [{kind: Node, metadata: {name: a}}]
                """
            ],
            ["config"]
        )
        #expect(
            names == [
                "config, document 1, item 1: settings/settings", "config, document 1, item 2: peer/west",
                "config, document 2, item 1: node/a",
            ]
        )
    }

    @Test func allProblemsAreListedWithTheirPlaces() throws {
        let problems = try self.read([
            "a.yaml": "spec: {}\n---\n[1]\n---\nkind: Car\n---\nkind: Client\nmetadata: {name: x}\n",
            "b.yaml": "kind: Node\nmetadata: {}\n---\nkind: Service\nmetadata: {name: cart}\n",
            "c.json": #"{"kind": "Node", "kind": "Node"}"#,
            "d.yaml": "kind: Config\n",
            "e.yaml": Self.node,
            "f.yaml": Self.node,
        ])
        #expect(problems.count == 9)
        #expect(problems[0] == "a.yaml, document 1: there is no `kind`, so nobody knows what this is")
        #expect(problems[1] == "a.yaml, document 2: this is an array, not an object")
        #expect(problems[2].hasPrefix("a.yaml, document 3: there is no kind \"Car\"; there are Peer,"))
        #expect(problems[3] == "a.yaml, document 4: a Client cannot be applied from a file")
        #expect(problems[4] == "b.yaml, document 1: the Node has no `metadata.name`")
        #expect(problems[5] == "b.yaml, document 2: the Service has no `metadata.namespace`")
        #expect(problems[6].hasPrefix("c.json: line 1, column "))
        #expect(problems[7] == "d.yaml: a Config must have `items`, an array")
        #expect(problems[8] == "f.yaml: node/a is in e.yaml too")
    }

    @Test func nothingAtAllIsAProblem() throws {
        #expect(try self.read(["a.yaml": "---\n"]) == ["a.yaml: there is no object in it"])
        #expect(try self.read(["a.txt": "x"]) == [".: there is no *.yaml, *.yml, *.json in it"])
        #expect(try self.read(["a.txt": "x"], ["no.yaml"]) == ["no.yaml: there is no such file"])
    }

    @Test func whatAnObjectHasBecomeIsNotSent() throws {
        let text = "kind: Node\nmetadata: {name: a}\nspec: {x: 1}\nstatus: {keys: []}\n"
        let manifests = try self.withFiles(["a.yaml": text]) { try ManifestReading.read(ManifestFiles([$0])) }
        #expect(
            Manifest.configuration(manifests) == [
                "kind": "Config",
                "items": [["kind": "Node", "metadata": ["name": "a"], "spec": ["x": 1]]],
            ]
        )
    }
}
