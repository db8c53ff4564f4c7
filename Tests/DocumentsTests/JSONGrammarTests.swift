import Documents
import Testing

/// What is JSON and what is not, by the grammar of RFC 8259.
@Suite struct JSONGrammarTests {
    @Test(
        "what the grammar allows is read",
        arguments: [
            ("null", "null"), (" true ", "true"), ("\t\r\n false", "false"), ("0", "0"), ("-0", "0"),
            ("-0.0", "-0.0"), ("1e3", "1000.0"), ("1E+2", "100.0"), ("1.5e-1", "0.15"), ("1e-400", "0.0"),
            ("9223372036854775807", "9223372036854775807"), ("-9223372036854775808", "-9223372036854775808"),
            ("9223372036854775808", "9.223372036854776e+18"),
            (#""""#, #""""#), (#""\"\\\/\b\f\n\r\t""#, #""\"\\/\u0008\u000c\n\r\t""#),
            (#""\u0041\u00e9\u20AC""#, #""Aé€""#), (#""\ud83d\uDE00""#, #""😀""#),
            ("\"\u{7f}\"", #""\u007f""#),
            (#""\u0000""#, #""\u0000""#), ("\"\u{2028}\"", "\"\u{2028}\""),
            ("\"\u{10ffff}\"", "\"\u{10ffff}\""),
            ("[]", "[]"), ("[ ]", "[]"), ("[1 , [2],{}]", "[1,[2],{}]"), ("{}", "{}"), ("{ }", "{}"),
            (#"{"":0}"#, #"{"":0}"#), (#"{ "b" : 1 , "a" : {"b":2} }"#, #"{"b":1,"a":{"b":2}}"#),
            (#"{"a":1,"A":2}"#, #"{"a":1,"A":2}"#),
        ]
    )
    func accepts(_ document: String, _ compact: String) throws {
        #expect(text(try json(document)) == compact)
    }

    @Test(
        "what the grammar forbids is refused",
        arguments: [
            "nul", "nulll", "True", "tru e", "01", "-01", "00", "-", "+1", ".5", "1.", "1.e1", "1e", "1e+",
            "0x10",
            "1_0", "NaN", "Infinity", "-Infinity", "1 2", "'a'", "\"", "\"a", #""\"#, #""\x""#, #""\u12"#,
            #""\u12g4""#, #""\u+123""#, #""\U0041""#, #""\ud800""#, #""\udc00""#, #""\ud800\u0041""#,
            #""\ud800\ud800""#, #""\ud800\"#, #""\ud83d \ude00""#, "\"\t\"", "\"\n\"", "\"\u{0}\"",
            "\"\u{1f}\"",
            "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1,,2]", "[1}", "]", "{", "}", #"{"a""#, #"{"a":"#,
            #"{"a":1"#, #"{"a":1,}"#, #"{,"a":1}"#, #"{a:1}"#, #"{1:1}"#, #"{"a" 1}"#, #"{"a":1 "b":2}"#,
            #"{"a":1]"#, #"{"a"::1}"#, #"{null:1}"#, "[1]]", "{}{}", "[] // comment", "/* */ []", "# \n[]",
            "\u{feff}[]", "\u{a0}[]", "\u{0b}[]", "\u{0}", "[]\u{0}", "[\u{0c}]", "１",
        ]
    )
    func refuses(_ document: String) {
        #expect(failure { () throws(DocumentError) in try json(document) } != nil)
    }

    @Test(
        "an error says what is wrong and where",
        arguments: [
            ("", DocumentError(.empty, line: 1, column: 1)),
            (" \n ", DocumentError(.empty, line: 2, column: 2)),
            ("[1,\n 2,\n x]", DocumentError(.unexpected(expected: "a JSON value"), line: 3, column: 2)),
            ("[\"é😀\", x]", DocumentError(.unexpected(expected: "a JSON value"), line: 1, column: 8)),
            ("{\r\n  \"a\": 1,\r\n  \"a\": 2}", DocumentError(.duplicateName("a"), line: 3, column: 3)),
            (#"{"a":1,"\u0061":2}"#, DocumentError(.duplicateName("a"), line: 1, column: 8)),
            ("[1, 1E400]", DocumentError(.numberOutOfRange, line: 1, column: 5)),
            ("[-1e309]", DocumentError(.numberOutOfRange, line: 1, column: 2)),
            ("[1]\n\n[2]", DocumentError(.trailing, line: 3, column: 1)),
            ("{\"a\":", DocumentError(.truncated, line: 1, column: 6)),
            (#"["a\ud800"]"#, DocumentError(.invalidText, line: 1, column: 6)),
            (#"{"a" 1}"#, DocumentError(.unexpected(expected: "':'"), line: 1, column: 6)),
        ]
    )
    func placesErrors(_ document: String, _ error: DocumentError) {
        #expect(failure { () throws(DocumentError) in try json(document) } == error)
    }

    @Test(
        "bytes that are not UTF-8 are refused",
        arguments: [
            [0x22, 0xff, 0x22], [0x22, 0xc3, 0x22], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22],
            [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22], [0xff, 0xfe, 0x31, 0x00], [0x80],
            [0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d],
        ] as [[UInt8]]
    )
    func refusesOtherBytes(_ bytes: [UInt8]) {
        #expect(failure { () throws(DocumentError) in try JSONReader.read(bytes) } != nil)
        #expect(failure { () throws(DocumentError) in try YAMLReader.read(bytes) } != nil)
    }

    @Test("depth is limited alike in JSON and YAML, whatever is innermost", arguments: ["", "1", "{}"])
    func limitsDepth(_ innermost: String) {
        let own = innermost == "{}" ? 1 : 0
        for depth in [31, 32, 33, 1_000, 200_000] {
            let text =
                String(repeating: "[", count: depth - own) + innermost
                + String(repeating: "]", count: depth - own)
            let isDeep = depth > 32
            #expect((failure { () throws(DocumentError) in try json(text) } != nil) == isDeep)
            #expect((failure { () throws(DocumentError) in try yaml(text) } != nil) == isDeep)
        }
        let members = String(repeating: #"{"a":"#, count: 33) + "1" + String(repeating: "}", count: 33)
        #expect(failure { () throws(DocumentError) in try json(members) }?.reason == .tooDeep(limit: 32))
        #expect(failure { () throws(DocumentError) in try yaml(members) }?.reason == .tooDeep(limit: 32))
    }

    @Test("values are limited alike in JSON and YAML")
    func limitsValues() throws {
        var limits = DocumentLimits()
        limits.values = 4
        #expect(try JSONReader.read(Array("[1,2,3]".utf8), limits: limits).array?.count == 3)
        #expect(try YAMLReader.read(Array("[1,2,3]".utf8), limits: limits).array?.count == 3)
        #expect(throws: DocumentError.self) { try JSONReader.read(Array("[1,2,3,4]".utf8), limits: limits) }
        #expect(throws: DocumentError.self) { try YAMLReader.read(Array("[1,2,3,4]".utf8), limits: limits) }
    }

    @Test("names and texts are what their bytes are, not what Unicode calls equivalent")
    func distinguishesBytes() throws {
        let both = try json("{\"\u{e9}\":1,\"e\u{301}\":2}")
        #expect(both.object?["\u{e9}"] == 1)
        #expect(both.object?["e\u{301}"] == 2)
        #expect(text(both).utf8.elementsEqual("{\"\u{e9}\":1,\"e\u{301}\":2}".utf8))
        #expect(try yaml("\u{e9}: 1\ne\u{301}: 2\n") == both)
        #expect(text(both.canonical).utf8.elementsEqual("{\"e\u{301}\":2,\"\u{e9}\":1}".utf8))
        #expect(DocumentValue.string("\u{e9}") != "e\u{301}")
        #expect(try json("{\"\u{e9}\":1}") != json("{\"e\u{301}\":1}"))
        #expect(Set<DocumentValue>(["\u{e9}", "e\u{301}"]).count == 2)
        let patched = MergePatch.apply(try json("{\"e\u{301}\":null,\"\u{e9}\":3}"), to: both)
        #expect(text(patched).utf8.elementsEqual("{\"\u{e9}\":3}".utf8))
        var object = DocumentObject()
        object["\u{e9}"] = 1
        object["e\u{301}"] = 2
        object["\u{e9}"] = nil
        #expect(object.names.count == 1 && object["e\u{301}"] == 2)
    }
}
