/// A piece of the page: a template of `fragments.html` and what fills it.
struct PagePiece: Hashable, Sendable {
    /// The template's name.
    let fragment: String
    /// What the template's fields are, as plain text; a field that is not here is empty.
    var fields: [String: String] = [:]
    /// What the template's slots hold; a slot that is not here is empty.
    var slots: [String: [PagePiece]] = [:]

    init(_ fragment: String, _ fields: [String: String] = [:], slots: [String: [PagePiece]] = [:]) {
        self.fragment = fragment
        self.fields = fields
        self.slots = slots
    }
}

/// A template of the page, cut at its fields and slots.
///
/// `{{name}}` is a field, `<!--isthmus:name-->` a slot; `web-static/README.md` defines both, and the page's
/// scripts fill the same templates.
struct PageTemplate: Hashable, Sendable {
    private enum Part: Hashable, Sendable {
        case text(String)
        case field(String)
        case slot(String)
    }

    private let parts: [Part]

    /// Reads a template.
    init(_ text: some StringProtocol) {
        var parts: [Part] = []
        var rest = Substring(text)
        while let (open, close, isSlot) = Self.nextMark(in: rest), let end = rest.firstRange(of: close) {
            let mark = rest.firstRange(of: open)?.lowerBound ?? rest.endIndex
            parts.append(.text(String(rest[..<mark])))
            let name = String(rest[rest.index(mark, offsetBy: open.count)..<end.lowerBound])
            parts.append(isSlot ? .slot(name) : .field(name))
            rest = rest[end.upperBound...]
        }
        parts.append(.text(String(rest)))
        self.parts = parts
    }

    /// Cuts `fragments.html` into its templates, by name.
    static func templates(in text: String) -> [String: PageTemplate] {
        var templates: [String: PageTemplate] = [:]
        for part in text.split(separator: "<template id=\"").dropFirst() {
            guard let quote = part.firstIndex(of: "\""), let start = part.firstIndex(of: "\n"),
                let end = part.firstRange(of: "</template>")?.lowerBound
            else { continue }
            templates[String(part[..<quote])] = PageTemplate(part[part.index(after: start)..<end])
        }
        return templates
    }

    /// Appends the filled template; the templates of the pieces in its slots are among `templates`.
    func fill(_ piece: PagePiece, from templates: [String: PageTemplate], into text: inout String) {
        for part in self.parts {
            switch part {
            case .text(let literal): text += literal
            case .field(let name): text += Self.escaped(piece.fields[name] ?? "")
            case .slot(let name):
                for inner in piece.slots[name] ?? [] {
                    templates[inner.fragment]?.fill(inner, from: templates, into: &text)
                }
            }
        }
    }

    /// The field or slot that comes first.
    private static func nextMark(in text: Substring) -> (open: String, close: String, isSlot: Bool)? {
        let field = text.firstRange(of: "{{")?.lowerBound
        let slot = text.firstRange(of: "<!--isthmus:")?.lowerBound
        switch (field, slot) {
        case (nil, nil): return nil
        case (let field?, let slot?) where slot < field: return ("<!--isthmus:", "-->", true)
        case (_?, _): return ("{{", "}}", false)
        case (nil, _?): return ("<!--isthmus:", "-->", true)
        }
    }

    /// Text that can become no markup, neither between tags nor in a quoted attribute.
    private static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { "&<>\"'".utf8.contains($0) }) else { return text }
        return text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }
}
