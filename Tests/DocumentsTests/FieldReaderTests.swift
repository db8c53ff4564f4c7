import Documents
import Testing

/// Typed reading: every method, and all problems at once.
@Suite struct FieldReaderTests {
    private enum Color: String, CaseIterable { case red, green }

    private struct Odd: Error, CustomStringConvertible { let description = "is odd" }

    /// Reads a document and returns what came of it with its problems, each as `pointer code: message`.
    private static func read<Result>(
        _ document: String,
        _ read: (FieldReader) -> Result?
    ) throws -> (Result?, [String]) {
        let problems = FieldProblems()
        let result = read(FieldReader(try json(document), problems: problems))
        #expect(problems.isEmpty == problems.all.isEmpty)
        return (result, problems.all.map { "\($0.pointer) \($0.code.rawValue): \($0.message)" })
    }

    @Test("text is read up to its longest length in bytes")
    func readsText() throws {
        #expect(try Self.read(#""é""#) { $0.string(maxBytes: 2) } == ("é", []))
        #expect(
            try Self.read(#""é""#) { $0.string(maxBytes: 1) } == (nil, [" too-long: longer than 1 bytes"])
        )
        for other in ["null", "1", "true", "[]", "{}"] {
            let (result, problems) = try Self.read(other) { $0.string() }
            #expect(result == nil && problems.count == 1 && problems[0].hasPrefix(" wrong-type: "))
        }
    }

    @Test("what a parser throws becomes the message")
    func parses() throws {
        func even(_ text: String) throws(Odd) -> Int {
            guard text.utf8.count.isMultiple(of: 2) else { throw Odd() }
            return text.utf8.count
        }
        #expect(try Self.read(#""ab""#) { $0.parsed(even) } == (2, []))
        #expect(try Self.read(#""abc""#) { $0.parsed(even) } == (nil, [" invalid-format: is odd"]))
        #expect(
            try Self.read(#""abcd""#) { $0.parsed(maxBytes: 3, even) }.1 == [" too-long: longer than 3 bytes"]
        )
        #expect(try Self.read("2") { $0.parsed(even) }.1.count == 1)
    }

    @Test("a whole number is read in its range")
    func readsIntegers() throws {
        #expect(try Self.read("1") { $0.integer(in: 1...3) } == (1, []))
        #expect(try Self.read("3") { $0.integer(in: 1...3) } == (3, []))
        for outside in ["0", "4", "-9223372036854775808", "9223372036854775808", "1e300", "-1e19"] {
            let expected = [" out-of-range: must be from 1 to 3"]
            #expect(try Self.read(outside) { $0.integer(in: 1...3) } == (nil, expected))
        }
        for other in ["1.5", "1.0", #""1""#, "null", "true"] {
            let (result, problems) = try Self.read(other) { $0.integer(in: 0...9) }
            #expect(result == nil && problems.count == 1 && problems[0].hasPrefix(" wrong-type: "))
        }
        #expect(try Self.read("-9223372036854775808") { $0.integer(in: .min ... .max) } == (.min, []))
    }

    @Test("true, false and one of several words are read")
    func readsChoices() throws {
        #expect(try Self.read("false") { $0.boolean() } == (false, []))
        #expect(try Self.read(#""false""#) { $0.boolean() }.1.count == 1)
        #expect(try Self.read(#""green""#) { $0.choice(of: Color.self) } == (.green, []))
        let expected = [" invalid-value: must be one of red, green"]
        #expect(try Self.read(#""Green""#) { $0.choice(of: Color.self) } == (nil, expected))
        #expect(try Self.read("1") { $0.choice(of: Color.self) }.1.count == 1)
    }

    @Test("lists and maps leave out what is wrong and go on")
    func readsCollections() throws {
        let (list, problems) = try Self.read(#"[1, "x", 3, 99]"#) { field in
            field.list(limit: 4) { $0.integer(in: 0...9) }
        }
        #expect(list == [1, 3])
        #expect(problems.map { $0.prefix { $0 != ":" } } == ["/1 wrong-type", "/3 out-of-range"])
        #expect(
            try Self.read("[1,2]") { field in field.list(limit: 1) { $0.string() } }.1 == [
                " too-many: more than 1 elements"
            ]
        )
        let (map, others) = try Self.read(#"{"a/b~": 1, "ok": "x", "": 2}"#) { field in
            field.map(limit: 3) { name, field in field.string().map { name + $0 } }
        }
        #expect(map == ["ok": "okx"])
        #expect(others.map { $0.prefix { $0 != " " } } == ["/a~1b~0", "/"])
        #expect(
            try Self.read(#"{"a":1,"b":2}"#) { field in field.map(limit: 1) { _, _ in 0 } }.1 == [
                " too-many: more than 1 members"
            ]
        )
        #expect(try Self.read("{}") { field in field.list(limit: 1) { $0.string() } }.1.count == 1)
        #expect(try Self.read("[]") { field in field.map(limit: 1) { _, _ in 0 } }.1.count == 1)
    }

    @Test("a map does not lose one of two names that Unicode calls equivalent")
    func keepsEquivalentNames() throws {
        let document = "{\"\u{e9}\":\"1\",\"e\u{301}\":\"2\"}"
        let (_, problems) = try Self.read(document) { field in field.map(limit: 9) { $1.string() } }
        #expect(problems.count == 1 && problems[0].contains(" duplicate: "))
        let long = #"{"\#(String(repeating: "n", count: 1_025))":"1"}"#
        let (map, others) = try Self.read(long) { field in field.map(limit: 9) { $1.string() } }
        #expect(map == [:] && others == [" too-long: a name is longer than 1024 bytes"])
    }

    @Test("all problems of an object are found, in order, with those of unknown fields last")
    func findsAllProblems() throws {
        let document = #"""
            {"extra": 1, "name": 5, "ports": [80, 99999, {"x": 1}], "inner": {"a": true, "zz": {"y": []}},
             "none": null, "e\u0301": 1}
            """#
        let (_, problems) = try Self.read(document) { field in
            field.object { object -> Bool? in
                _ = object.required("name")?.string()
                _ = object.required("missing")?.string()
                _ = object.required("none")?.string()
                _ = object.optional("absent")?.string()
                _ = object.optional("ports")?.list(limit: 9) { $0.integer(in: 1...65_535) }
                _ = object.optional("inner")?.object { $0.optional("a")?.string() }
                _ = object.optional("\u{e9}")
                object.reject(.mismatch, "as a whole")
                return true
            }
        }
        #expect(
            problems.map { $0.prefix { $0 != ":" } } == [
                "/name wrong-type", "/missing required", "/none required", "/ports/1 out-of-range",
                "/ports/2 wrong-type", "/inner/a wrong-type", "/inner/zz unknown-field", " mismatch",
                "/extra unknown-field", "/e\u{301} unknown-field",
            ]
        )
        #expect(problems[6].hasSuffix("known here: a"))
    }

    @Test("no more problems are kept than the limit")
    func limitsProblems() throws {
        let document = "[" + Array(repeating: "1", count: 1_000).joined(separator: ",") + "]"
        let (list, problems) = try Self.read(document) { field in field.list(limit: 1_000) { $0.string() } }
        #expect(list == [] && problems.count == FieldProblems.limit)
        #expect(problems.last?.hasPrefix("/99 ") == true)
    }

    @Test(
        "a pointer escapes tildes and slashes, also below accents",
        arguments: [
            ("", "/"), ("a", "/a"), ("a/b", "/a~1b"), ("~1", "/~01"), ("~0/", "/~00~1"),
            ("/\u{301}", "/~1\u{301}"),
            ("~\u{301}", "/~0\u{301}"), ("é\u{0}\"", "/é\u{0}\""),
        ]
    )
    func escapesPointers(_ name: String, _ text: String) {
        let pointer = JSONPointer.root.member(name)
        #expect(Array(pointer.description.utf8) == Array(text.utf8))
        #expect(pointer.element(3).description.utf8.elementsEqual((text + "/3").utf8))
        #expect(JSONPointer.root.description.isEmpty)
    }

    @Test("the canonical value does not depend on the order of members, but on that of elements")
    func canonicalizes() throws {
        let one = try json(#"{"b":[{"d":1,"c":2},1],"a":{"z":null,"é":1,"e":2},"B":1}"#)
        let other = try json(#"{"B":1,"a":{"é":1,"e":2,"z":null},"b":[{"c":2,"d":1},1]}"#)
        #expect(one != other)
        #expect(one.canonical == other.canonical)
        #expect(text(one.canonical) == #"{"B":1,"a":{"e":2,"z":null,"é":1},"b":[{"c":2,"d":1},1]}"#)
        #expect(try json("[1,2]").canonical != json("[2,1]").canonical)
    }
}
