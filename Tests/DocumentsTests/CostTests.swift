import Documents
import Testing

/// The worst that a request body of one mebibyte can be takes a time that grows with its length only.
///
/// A quadratic way takes minutes for these, so that a generous bound tells them apart on any machine.
@Suite(.serialized) struct CostTests {
    private static let bound = Duration.seconds(30)
    private static let names = (0..<100_000).map { "n\($0)" }

    private static func costs(_ what: String, _ body: () throws -> Void) rethrows {
        let time = try ContinuousClock().measure(body)
        #expect(time < Self.bound, "\(what): \(time)")
    }

    private static func filled(_ unit: String, _ prefix: String = "", _ suffix: String = "") -> [UInt8] {
        let count = (1_048_576 - prefix.utf8.count - suffix.utf8.count) / unit.utf8.count
        return Array((prefix + String(repeating: unit, count: count) + suffix).utf8)
    }

    @Test(
        "JSON is read in linear time",
        arguments: [
            Self.filled("[],", "[", "1]"), Self.filled(#"\u00e9"#, "\"", "\""),
            Self.filled(#"\n"#, "\"", "\""),
            Self.filled("9"), Self.filled("0", "0."), Self.filled("9", "1e"), Self.filled(" "),
            Self.filled("\n", "", "x"),
            Self.filled("["), Self.filled(#"{"a":"#), Self.filled("é", "\"", "\""), Self.filled("é", "\""),
            Array(("{" + Self.names.map { "\"\($0)\":0" }.joined(separator: ",") + "}").utf8),
        ]
    )
    func readsJSON(_ document: [UInt8]) {
        Self.costs(String(decoding: document.prefix(20), as: UTF8.self)) {
            guard let value = try? JSONReader.read(document) else { return }
            _ = JSONWriter.write(value.canonical)
        }
    }

    @Test(
        "YAML is read in linear time",
        arguments: [
            Self.filled("[],", "[", "1]"), Self.filled(#"\u00e9"#, "\"", "\""), Self.filled("- "),
            Self.filled("["),
            Self.filled("{a: "), Self.filled("? "), Self.filled("- a\n"), Self.filled("a\n"),
            Self.filled("\n", "|\n", "x"),
            Self.filled("\n", "a: b", "x"), Self.filled(" ", "a: b", "x"), Self.filled("# x\n"),
            Self.filled("---\n"),
            Self.filled("*a,", "[&a x, ", "1]"), Self.filled("&a ", "", "x"), Self.filled("&a x,", "[", "1]"),
            Self.filled("%TAG !a! b\n"), Self.filled("%X\n"),
            Self.filled("1,", String(repeating: "[", count: 900), ""),
            Self.filled("!"), Self.filled("!a ", "", "x"), Self.filled("9", "k: "),
            Self.filled("  \n", "k: |\n", " x"),
            Self.filled("? a\n: b\n"), Self.filled("'a' : ,", "{", "}"), Self.filled("\u{feff}"),
            Self.filled("\t"),
            Self.filled("x ", "k: >\n  "), Self.filled("\n  x", "k: >\n  "),
            Self.filled("\n   x", "k: >\n  y"),
            Array(Self.names.map { "\($0): 0\n" }.joined().utf8),
        ]
    )
    func readsYAML(_ document: [UInt8]) {
        Self.costs(String(decoding: document.prefix(20), as: UTF8.self)) {
            _ = try? YAMLReader.readAll(document)
        }
    }

    @Test("objects of many members are patched and read in linear time")
    func handlesManyMembers() throws {
        let members = Self.names.map { "\"\($0)\":\"v\"" }.joined(separator: ",")
        let object = try json("{\(members)}")
        let removal = try json("{" + Self.names.map { "\"\($0)\":null" }.joined(separator: ",") + ",\"x\":1}")
        Self.costs("patch") {
            #expect(MergePatch.apply(object, to: object) == object)
            #expect(MergePatch.apply(removal, to: object) == ["x": 1])
        }
        Self.costs("read") {
            let problems = FieldProblems()
            let read = FieldReader(object, problems: problems).object { reader in
                Self.names.compactMap { reader.required($0)?.string() }
            }
            #expect(read?.count == Self.names.count && problems.isEmpty)
            let map = FieldReader(object, problems: problems).map(limit: .max) { $1.string() }
            #expect(map?.count == Self.names.count)
        }
        Self.costs("unknown") {
            let problems = FieldProblems()
            _ = FieldReader(object, problems: problems).object { reader in
                Self.names.prefix(1_000).compactMap { reader.optional("no" + $0) }
            }
            #expect(problems.all.count == FieldProblems.limit)
        }
    }
}
