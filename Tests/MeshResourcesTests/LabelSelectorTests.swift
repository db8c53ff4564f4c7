import Documents
import MeshResources
import Testing

@Suite struct LabelSelectorTests {
    /// Every set of labels with the keys `a` and `b` and the values nothing, `x` and `y`.
    static let worlds: [[String: String]] = {
        let values: [String?] = [nil, "", "x", "y"]
        return values.flatMap { a in
            values.map { b in
                var labels: [String: String] = [:]
                labels["a"] = a
                labels["b"] = b
                return labels
            }
        }
    }()

    /// What each selector means, said again as a function.
    static let meanings: [(String, @Sendable ([String: String]) -> Bool)] = [
        ("", { _ in true }),
        ("  ", { _ in true }),
        ("a", { $0["a"] != nil }),
        ("!a", { $0["a"] == nil }),
        ("! a", { $0["a"] == nil }),
        ("a=x", { $0["a"] == "x" }),
        ("a==x", { $0["a"] == "x" }),
        (" a = x ", { $0["a"] == "x" }),
        ("a=", { $0["a"] == "" }),
        ("a!=x", { $0["a"] != "x" }),
        ("a!=", { $0["a"] != "" }),
        ("a in (x)", { $0["a"] == "x" }),
        ("a in (x,y)", { ["x", "y"].contains($0["a"]) }),
        ("a in(x, y)", { ["x", "y"].contains($0["a"]) }),
        ("a in (x,)", { ["x", ""].contains($0["a"]) }),
        ("a in (,)", { $0["a"] == "" }),
        ("a notin (x)", { $0["a"] != "x" }),
        ("a notin (x,y)", { !["x", "y"].contains($0["a"]) }),
        ("a,b", { $0["a"] != nil && $0["b"] != nil }),
        ("a=x,b!=y", { $0["a"] == "x" && $0["b"] != "y" }),
        ("a=x,a=y", { _ in false }),
        ("a in (x),!b", { $0["a"] == "x" && $0["b"] == nil }),
        ("a=,b", { $0["a"] == "" && $0["b"] != nil }),
    ]

    @Test(arguments: meanings.indices)
    func selectorsMeanWhatTheyMeanInKubernetes(index: Int) throws {
        let (text, meaning) = Self.meanings[index]
        let selector = try LabelSelector(text)
        for labels in Self.worlds {
            #expect(selector.matches(labels) == meaning(labels), "\(text) with \(labels)")
        }
    }

    @Test func wordsOfTheGrammarAreKeysToo() throws {
        #expect(try LabelSelector("in in (in)").matches(["in": "in"]))
        #expect(try LabelSelector("notin").matches(["notin": ""]))
        #expect(try LabelSelector("example.org/in notin (notin)").matches([:]))
    }

    @Test(arguments: [
        ",", "a,", ",a", "a,,b", "=", "=x", "a=x=y", "a=(x)", "a in x", "a in ()", "a in (x", "a in (x y)",
        "a in", "a notin", "!", "!!a", "!a=x", "a b", "a>1", "a<1", "a=é", "-a", "a=-", "a in (x))",
        "a/b/c=x", "a === x", "(a)", "a!x",
    ])
    func whatIsNoSelectorIsRefused(text: String) {
        #expect(throws: ResourceError.self) { try LabelSelector(text) }
    }

    @Test func lengthsAreLimited() {
        let long = String(repeating: "a", count: LabelSelector.textLimit + 1)
        #expect(throws: ResourceError.tooLong(limit: LabelSelector.textLimit)) { try LabelSelector(long) }
        let many = (0...256).map { "l\($0)" }.joined(separator: ",")
        #expect(throws: ResourceError.self) { try LabelSelector(many) }
        let values = "a in (" + (0...256).map { "l\($0)" }.joined(separator: ",") + ")"
        #expect(throws: ResourceError.self) { try LabelSelector(values) }
    }

    @Test(
        arguments: [
            (#"{}"#, ""),
            (#"{"matchLabels":{"a":"x","b":""}}"#, "a=x,b="),
            (#"{"matchExpressions":[{"key":"a","operator":"In","values":["x","y"]}]}"#, "a in (x,y)"),
            (#"{"matchExpressions":[{"key":"a","operator":"NotIn","values":["x"]}]}"#, "a!=x"),
            (#"{"matchExpressions":[{"key":"a","operator":"Exists"}]}"#, "a"),
            (
                #"{"matchLabels":{"b":"y"},"matchExpressions":[{"key":"a","operator":"DoesNotExist"}]}"#,
                "b=y,!a"
            ),
        ]
    )
    func objectsMeanWhatTheirTextMeans(json: String, text: String) throws {
        #expect(try SpecReading.valid(json) { LabelSelector($0) } == LabelSelector(text))
    }

    @Test(
        arguments: [
            (#"[]"#, ["/spec wrong-type"]),
            (#"{"matchLabel":{}}"#, ["/spec/matchLabel unknown-field"]),
            (#"{"matchLabels":{"a b":"x"}}"#, ["/spec/matchLabels/a b invalid-format"]),
            (
                #"{"matchExpressions":[{"key":"-","operator":"Is","values":["x","é"]},{}]}"#,
                [
                    "/spec/matchExpressions/0/key invalid-format",
                    "/spec/matchExpressions/0/operator invalid-value",
                    "/spec/matchExpressions/0/values/1 invalid-format",
                    "/spec/matchExpressions/1/key required", "/spec/matchExpressions/1/operator required",
                ]
            ),
            (
                #"{"matchExpressions":[{"key":"a","operator":"In"},"#
                    + #"{"key":"a","operator":"In","values":[]}]}"#,
                ["/spec/matchExpressions/0 required", "/spec/matchExpressions/1 required"]
            ),
            (
                #"{"matchExpressions":[{"key":"a","operator":"Exists","values":["x"]}]}"#,
                ["/spec/matchExpressions/0/values invalid-value"]
            ),
        ] as [(String, [String])]
    )
    func everythingWrongInAnObjectIsNamed(json: String, problems: [String]) throws {
        #expect(try SpecReading.read(json) { LabelSelector($0) }.summary == problems)
    }
}
