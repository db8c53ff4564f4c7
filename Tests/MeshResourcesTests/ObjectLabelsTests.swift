import Documents
import MeshResources
import Testing

@Suite struct ObjectLabelsTests {
    @Test(arguments: [
        ("a", true), ("A-b_c.9", true), ("example.org/a", true), ("e/a", true), ("", false), ("-a", false),
        ("a-", false), ("a/b/c", false), ("/a", false), ("a/", false), ("Example.org/a", false),
        ("a b", false), ("é", false), ("a\u{301}", false),
        (String(repeating: "a", count: 63), true), (String(repeating: "a", count: 64), false),
        (String(repeating: "a", count: 253) + "/a", true), (String(repeating: "a", count: 254) + "/a", false),
    ])
    func keys(text: String, isKey: Bool) {
        #expect(ObjectLabels.isKey(text) == isKey)
    }

    @Test(arguments: [
        ("", true), ("a", true), ("A.b_c-9", true), ("-", false), ("a/b", false), ("a b", false),
        (String(repeating: "9", count: 63), true), (String(repeating: "9", count: 64), false),
    ])
    func values(text: String, isValue: Bool) {
        #expect(ObjectLabels.isValue(text) == isValue)
    }

    @Test func everyWrongLabelIsNamed() throws {
        let json = #"{"ok":"x","a b":"x","c":"-","d/e":"","f/g/h":"1","i":1}"#
        let outcome = try SpecReading.read(json, ObjectLabels.labels)
        #expect(
            outcome.summary == [
                "/spec/a b invalid-format", "/spec/c invalid-format", "/spec/f~1g~1h invalid-format",
                "/spec/i wrong-type",
            ]
        )
        #expect(outcome.spec == ["ok": "x", "d/e": ""])
    }

    @Test func annotationsMayBeAnyTextUpToALimit() throws {
        let text = String(repeating: "é \\n", count: 1_000)
        let read = try SpecReading.valid(#"{"a":"\#(text)"}"#, ObjectLabels.annotations)
        #expect(read.count == 1)
        let half = String(repeating: "x", count: ObjectLabels.annotationBytes / 2)
        let outcome = try SpecReading.read(#"{"a":"\#(half)","b":"\#(half)"}"#, ObjectLabels.annotations)
        #expect(outcome.summary == ["/spec too-long"])
    }

    @Test func moreLabelsThanTheLimitAreRefused() throws {
        let json = "{" + (0...256).map { #""l\#($0)":"""# }.joined(separator: ",") + "}"
        #expect(try SpecReading.read(json, ObjectLabels.labels).summary == ["/spec too-many"])
    }
}
