import NIOCore

/// Writes JSON as Go's `encoding/json` does by default: compact, HTML-escaped, the members of maps in the
/// order of their bytes.
///
/// Written by hand because no encoder promises the order of fields, and mesh programs compare the bytes.
struct GoJSON {
    private var text = ""
    /// Whether the next member or element needs a comma before it.
    private var isAfterValue = false

    /// Returns the bytes of an object.
    static func object(_ body: (inout GoJSON) -> Void) -> ByteBuffer {
        var json = GoJSON()
        json.nested("{", "}", body)
        return ByteBuffer(string: json.text)
    }

    // MARK: Members of an object

    /// Adds a member whose value is `body`'s one value.
    mutating func member(_ name: String, _ body: (inout GoJSON) -> Void) {
        self.separate()
        self.text += Self.quoted(name) + ":"
        self.isAfterValue = false
        body(&self)
        self.isAfterValue = true
    }

    /// Adds a member that holds text.
    mutating func member(_ name: String, _ value: String) {
        self.member(name) { $0.string(value) }
    }

    /// Adds a member that holds a number.
    mutating func member(_ name: String, _ value: some BinaryInteger) {
        self.member(name) { $0.literal(String(value)) }
    }

    /// Adds a member that holds `true` or `false`.
    mutating func member(_ name: String, _ value: Bool) {
        self.member(name) { $0.literal(value ? "true" : "false") }
    }

    /// Adds a member that holds a map of texts; a nil map is `null`, as in Go.
    mutating func member(_ name: String, _ map: [String: String]?) {
        self.member(name) { json in
            guard let map else { return json.literal("null") }
            json.map(map) { json, value in json.string(value) }
        }
    }

    /// Adds a member that holds a list; a nil slice is `null`, as in Go.
    mutating func member<Element>(
        _ name: String,
        list: [Element]?,
        _ body: (inout GoJSON, Element) -> Void
    ) {
        self.member(name) { json in
            guard let list else { return json.literal("null") }
            json.nested("[", "]") { json in
                for element in list {
                    json.separate()
                    json.isAfterValue = false
                    body(&json, element)
                    json.isAfterValue = true
                }
            }
        }
    }

    // MARK: Values

    /// Writes an object.
    mutating func object(_ body: (inout GoJSON) -> Void) { self.nested("{", "}", body) }

    /// Writes a map, its members in the order of their names' bytes.
    mutating func map<Value>(_ map: [String: Value], _ body: (inout GoJSON, Value) -> Void) {
        self.nested("{", "}") { json in
            for (name, value) in map.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                json.member(name) { body(&$0, value) }
            }
        }
    }

    /// Writes text.
    mutating func string(_ value: String) { self.text += Self.quoted(value) }

    /// Writes a number, `true`, `false` or `null`.
    mutating func literal(_ value: String) { self.text += value }

    private mutating func nested(_ open: String, _ close: String, _ body: (inout GoJSON) -> Void) {
        self.text += open
        self.isAfterValue = false
        body(&self)
        self.text += close
        self.isAfterValue = true
    }

    private mutating func separate() {
        if self.isAfterValue { self.text += "," }
    }

    /// Quotes text, with Go's default of escaping HTML.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\u{8}": quoted += "\\b"
            case "\u{c}": quoted += "\\f"
            case "\u{0}"..."\u{1f}", "<", ">", "&", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
