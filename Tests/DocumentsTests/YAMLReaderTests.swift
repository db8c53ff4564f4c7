import Documents
import Testing

/// What YAML means here.
@Suite struct YAMLReaderTests {
    @Test(
        "an unquoted scalar means what YAML 1.2 says",
        arguments: [
            ("null", "null"), ("~", "null"), ("Null", "null"), ("", "null"), ("nULL", #""nULL""#),
            ("true", "true"), ("False", "false"), ("tRue", #""tRue""#), ("no", #""no""#), ("NO", #""NO""#),
            ("yes", #""yes""#), ("on", #""on""#), ("off", #""off""#), ("y", #""y""#), ("0", "0"), ("-0", "0"),
            ("+12", "12"), ("-7", "-7"), ("0x1F", "31"), ("0o17", "15"), ("0b11", #""0b11""#),
            ("1_000", #""1_000""#), ("1:30", #""1:30""#), ("0x", #""0x""#), ("0x-1", #""0x-1""#),
            ("0o8", #""0o8""#), ("-0x1", #""-0x1""#), ("9223372036854775807", "9223372036854775807"),
            ("9223372036854775808", "9.223372036854776e+18"), ("1.5", "1.5"), (".5", "0.5"), ("1.", "1.0"),
            ("+1e3", "1000.0"), ("12e03", "12000.0"), ("01.5", "1.5"), ("1e", #""1e""#), (".", #"".""#),
            ("-", "[null]"),
            ("1.2.3", #""1.2.3""#), ("10.0.0.0/8", #""10.0.0.0/8""#), ("fd00::1", #""fd00::1""#),
            (".e1", #"".e1""#),
            ("2024-01-01", #""2024-01-01""#), ("nan", #""nan""#), ("inf", #""inf""#), ("１", #""１""#),
            ("'12'", #""12""#), (#""true""#, #""true""#), ("'it''s'", #""it's""#),
            (#""\u00e9\x41\n""#, #""éA\n""#),
            (#""a\0b""#, #""a\u0000b""#), ("|\n    a\n     b\n", #""a\n b\n""#), ("|-\n    a\n", #""a""#),
            ("|+\n    a\n", #""a\n\n""#), (">\n    a\n    b\n", #""a b\n""#), ("|\n    12\n", #""12\n""#),
            ("a\n   b", #""a b""#), ("a # comment", #""a""#), ("a#b", #""a#b""#),
            ("!!str 123", #""123""#), ("!!str null", #""null""#), ("!!str", #""""#), (#"!!int "3""#, "3"),
            ("!!float 3", "3.0"), ("!!float '1.5'", "1.5"), (#"!!bool "true""#, "true"),
            ("!!null ''", "null"),
            (#"! "12""#, #""12""#), ("!!seq [1]", "[1]"), ("!!map {a: 1}", #"{"a":1}"#),
            ("!<tag:yaml.org,2002:str> 1", #""1""#), ("[a, 'b', \"c\", 1,]", #"["a","b","c",1]"#),
            ("{a: 1, \"b\":2, c}", #"{"a":1,"b":2,"c":null}"#), ("[a: 1]", #"[{"a":1}]"#), ("[]", "[]"),
            ("{}", "{}"),
            (#"{"a":[1,2,{"b":null}]}"#, #"{"a":[1,2,{"b":null}]}"#), ("[a:1]", #"["a:1"]"#),
        ]
    )
    func means(_ scalar: String, _ value: String) throws {
        let read = try yaml("k: \(scalar == "-" ? "\n  -" : scalar)\n")
        #expect(text(read) == #"{"k":\#(value)}"#)
    }

    @Test(
        "what could be read in two ways, or not as JSON, is refused",
        arguments: [
            "k: 0777", "k: 00", "k: -01", "k: 08", "k: .inf", "k: -.INF", "k: .nan", "k: 1e400",
            "k: 0xffffffffffffffff",
            "k: !!int 1.5", "k: !!int yes", "k: !!int ''", "k: !!bool yes", "k: !!bool 1", "k: !!null x",
            "k: !!float x", "k: !!binary aGk=", "k: !!timestamp 2024-01-01", "k: !mine x", "k: !!set {a, b}",
            "k: !!seq {}", "k: !!map []", "k: !!str []", "k: !!omap [a: 1]", "1: a", "true: a", "~: a", ": a",
            "? : a",
            "1.5: a", "0x10: a", "[a]: b", "{a: 1}: b", "? [a]\n: b", "? {a: 1}\n: b", "<<: {a: 1}",
            "a: &x {b: 1}\nc:\n  <<: *x", "a: 1\na: 2", "a: 1\n\"a\": 2",
            "a: 1\n'\\u0061': 1\n\"\\u0061\": 2",
            "a: &a [*a]", "a: *b", "a: &x 1\n---\nb: *x", "a:\tb: c", "a:\n\tb: 1", "a: b: c", "a: [1",
            "a: \"x",
            "a: 'x", "- a\nb: 1", "a: 1\n- b", "a: `x`", "a: @x", "a: %x", "a: x\n b: 1", "a: \"\\ud800\"",
            "a: \"\\q\"",
            "a: \u{0}", "a: \u{1}", "a: \u{7f}", "a: x\u{85}y", "a: 'x\u{2028}y'", "# \u{2029}",
            "%YAML 2.0\n---\na: 1",
            "%YAML 1.1\n%YAML 1.1\n---\na: 1", "a: 1\n...\nb: 1", "a: 1\n---\nb: 1", "", " \n# nothing\n",
            "---\n",
            "null",
        ]
    )
    func refuses(_ document: String) {
        #expect(failure { () throws(DocumentError) in try yaml(document) } != nil, "\(document)")
    }

    @Test(
        "an error says what is wrong and where",
        arguments: [
            ("a: 1\nb:\n  c: 0777\n", "text in quotation marks, or a number without leading zeros", 3, 6),
            ("é: x\n😀: !mine x\n", "no tag !mine here", 2, 4),
            ("a: 1\n8080: x\n", "text as a name; quotation marks make it text", 2, 1),
            ("a: {<<: {}}\n", "no merge key '<<'", 1, 5),
            ("a:\n  - *x\n", "an alias of a node before it", 2, 5),
            ("a: x\nb: y\u{2028}\n", "U+0085, U+2028 and U+2029 only as escapes in quotation marks", 2, 5),
        ]
    )
    func placesErrors(_ document: String, _ expected: String, _ line: Int, _ column: Int) {
        let error = failure { () throws(DocumentError) in try yaml(document) }
        #expect(error == DocumentError(.unexpected(expected: expected), line: line, column: column))
    }

    @Test("libyaml's errors come with their place")
    func placesForeignErrors() {
        let tab = failure { () throws(DocumentError) in try yaml("a:\n  b: 1\n\tc: 2\n") }
        #expect(tab?.line == 3)
        let control = failure { () throws(DocumentError) in try yaml("a: 1\nb: \u{1}\n") }
        #expect(control?.line == 2 && control?.column == 4)
        let twice = failure { () throws(DocumentError) in try yaml("a: 1\nb: 2\n\"a\": 3\n") }
        #expect(twice == DocumentError(.duplicateName("a"), line: 3, column: 1))
    }

    @Test(
        "line endings, a byte order mark and the end of the text do not matter",
        arguments: [
            "a: 1\nb:\n- x\n- |\n  y\n", "a: 1\r\nb:\r\n- x\r\n- |\r\n  y\r\n",
            "\u{feff}a: 1\nb:\n- x\n- |\n  y\n",
            "a: 1\rb:\r- x\r- |\r  y\r", "%YAML 1.2\n---\na: 1\nb: [x, \"y\\n\"]\n...\n",
            "--- {a: 1, b: [x, 'y\n\n  ']}",
        ]
    )
    func ignoresNotation(_ document: String) throws {
        #expect(text(try yaml(document)) == #"{"a":1,"b":["x","y\n"]}"#)
    }

    @Test("a stream has several documents, and empty ones do not count")
    func readsStreams() throws {
        let stream = "---\n---\na: 1\n---\n# nothing\n---\n- 2\n...\n---\n~\n---\n3\n"
        let documents = try YAMLReader.readAll(Array(stream.utf8))
        #expect(documents.map(text) == [#"{"a":1}"#, "[2]", "3"])
        #expect(try YAMLReader.readAll([]) == [])
        #expect(failure { () throws(DocumentError) in try yaml("1\n---\n2\n") }?.reason == .trailing)
    }

    @Test("an alias stands for what its anchor marks, names included")
    func readsAliases() throws {
        let document = "a: &x {n: 1}\nb: [*x, *x]\nc: &t text\n*t : 2\n&k d: *k\n"
        let expected = #"{"a":{"n":1},"b":[{"n":1},{"n":1}],"c":"text","text":2,"d":"d"}"#
        #expect(text(try yaml(document)) == expected)
    }

    @Test("aliases that stand for too much are refused at once")
    func refusesBombs() {
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...20 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            bomb += "a\(level): &a\(level) [\(aliases)]\n"
        }
        let limits = DocumentLimits()
        let values = failure { () throws(DocumentError) in try yaml(bomb) }
        #expect(values?.reason == .tooManyValues(limit: limits.values))
        // As names they would be compared.
        let keys = bomb.replacing("a20: ", with: "? ") + ": 1\n"
        #expect(failure { () throws(DocumentError) in try yaml(keys) } != nil)
        let text = "a: &a " + String(repeating: "x", count: 200_000) + "\nb: [*a, *a, *a, *a, *a, *a]\n"
        let long = failure { () throws(DocumentError) in try yaml(text) }
        #expect(long?.reason == .tooMuchText(limit: limits.aliasBytes))
        var deep = "a0: &a0 [x]\n"
        for level in 1...40 { deep += "a\(level): &a\(level) [*a\(level - 1)]\n" }
        let depth = failure { () throws(DocumentError) in try yaml(deep) }
        #expect(depth?.reason == .tooDeep(limit: limits.depth))
        let directives = String(repeating: "%TAG !a! b\n", count: 17)
        #expect(failure { () throws(DocumentError) in try yaml(directives + "---\na: 1") }?.line == 17)
    }
}
