/// The media types of this API, and how a client's wishes choose among them (RFC 9110, section 12.5.1).
package enum MediaType {
    /// JSON, the default.
    package static let json = "application/json"
    /// YAML (RFC 9512).
    package static let yaml = "application/yaml"
    /// Merge patches (RFC 7396).
    package static let mergePatch = "application/merge-patch+json"
    /// Newline-delimited JSON.
    package static let ndjson = "application/x-ndjson"
    /// Server-sent events.
    package static let eventStream = "text/event-stream"
    /// SQLite's files.
    package static let sqlite = "application/vnd.sqlite3"
    /// Pages.
    package static let html = "text/html"
    /// Forms.
    package static let form = "application/x-www-form-urlencoded"

    /// Certificates, revocation lists and keys in PEM.
    package static let pem = "application/x-pem-file"
    /// A revocation list in DER (RFC 2585).
    package static let revocationList = "application/pkix-crl"
    /// A certificate request (RFC 5967), in DER or PEM.
    package static let certificateRequest = "application/pkcs10"
    /// A certificate with its key under a password (RFC 7292).
    package static let pkcs12 = "application/x-pkcs12"

    /// What answers are, unless an operation says otherwise.
    package static let documents = [Self.json, Self.yaml]

    /// Returns the first of `offered` that the client wants most; `nil` when it wants none of them.
    ///
    /// - Parameters:
    ///   - offered: In the order of preference.
    ///   - accept: The values of `Accept`; none means anything.
    /// - Returns: One of `offered`.
    static func choose(from offered: [String], accept: [String]) -> String? {
        let ranges = accept.joined(separator: ",").split(separator: ",").compactMap(self.range)
        guard !ranges.isEmpty else { return accept.isEmpty ? offered.first : nil }
        var best: (type: String, quality: Double)?
        for type in offered {
            let matching = ranges.filter { self.matches($0.type, type) }
            guard let range = matching.max(by: { self.precision($0.type) < self.precision($1.type) }),
                range.quality > best?.quality ?? 0
            else { continue }
            best = (type, range.quality)
        }
        return best?.type
    }

    /// The type without its parameters, in lower case.
    static func essence(_ text: String) -> String {
        (text.split(separator: ";", omittingEmptySubsequences: false).first ?? "")
            .trimmingSpaces().lowercased()
    }

    /// Whether the type is one of the names of YAML.
    static func isYAML(_ type: String) -> Bool {
        [self.yaml, "application/x-yaml", "text/yaml", "text/x-yaml"].contains(type)
    }

    private static func range(_ text: Substring) -> (type: String, quality: Double)? {
        var quality = 1.0
        for parameter in text.split(separator: ";").dropFirst() {
            let pair = parameter.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, pair[0].trimmingSpaces().lowercased() == "q" else { continue }
            guard let value = Double(pair[1].trimmingSpaces()), (0...1).contains(value) else { return nil }
            quality = value
        }
        let type = self.essence(String(text))
        return type.contains("/") ? (self.isYAML(type) ? self.yaml : type, quality) : nil
    }

    private static func matches(_ range: String, _ type: String) -> Bool {
        range == "*/*" || range == type
            || range.hasSuffix("/*") && type.hasPrefix(range.dropLast(1))
    }

    private static func precision(_ range: String) -> Int {
        range == "*/*" ? 0 : range.hasSuffix("/*") ? 1 : 2
    }
}

extension StringProtocol {
    /// The text without spaces and tabs at its ends.
    func trimmingSpaces() -> String {
        let isSpace = { (character: Character) in character == " " || character == "\t" }
        let rest = self.drop(while: isSpace)
        return String(rest.reversed().drop(while: isSpace).reversed())
    }
}
