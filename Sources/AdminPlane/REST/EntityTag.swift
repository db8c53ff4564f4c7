import MicroHTTP

/// The version of a representation: the object's resource version, and which status goes with it.
///
/// A status is computed and changes by itself; the precondition of a change is about what people wrote. So
/// `If-Match` compares the resource version only, and `If-None-Match` both.
struct EntityTag: Hashable, Sendable {
    let resourceVersion: Int64
    /// Names the status; zero for an object without a computed one.
    var status: UInt32 = 0

    /// The tag as a header field has it.
    var text: String {
        self.status == 0 ? "\"\(self.resourceVersion)\"" : "\"\(self.resourceVersion).\(self.status)\""
    }
}

/// What a client demands of the state before its request is done (RFC 9110, section 13).
struct Preconditions: Sendable {
    private enum Condition {
        case any
        /// The texts between the quotation marks.
        case tags([String])
    }

    private let match: Condition?
    private let noneMatch: Condition?

    /// Reads the fields.
    ///
    /// - Throws: 400 when one of them is malformed.
    init(_ fields: HeaderFields) throws(Problem) {
        self.match = try Self.read("If-Match", fields)
        self.noneMatch = try Self.read("If-None-Match", fields)
    }

    /// Whether there is a demand that the object exists.
    var demandsExistence: Bool { self.match != nil }

    /// Checks the demands of a request that changes something.
    ///
    /// - Parameter current: The resource version; `nil` when there is no object.
    /// - Returns: What does not hold, in words.
    func violation(current: Int64?) -> String? {
        switch (self.match, current) {
        case (nil, _): break
        case (_?, nil): return "If-Match demands an object, and there is none"
        case (.any?, _?): break
        case (.tags(let tags)?, let current?):
            guard tags.contains(where: { Self.version($0) == String(current) }) else {
                return "the object's version is \(current), which If-Match does not name"
            }
        }
        switch (self.noneMatch, current) {
        case (nil, _), (_?, nil): return nil
        case (.any?, _?): return "If-None-Match demands that there is no object, and there is one"
        case (.tags(let tags)?, let current?):
            return tags.contains { Self.version($0) == String(current) }
                ? "the object's version is \(current), which If-None-Match excludes" : nil
        }
    }

    /// Whether the client of a GET already has this representation.
    func isNotModified(_ tag: EntityTag) -> Bool { self.isNotModified(tag.text) }

    /// Whether the client of a GET already has the representation with this tag.
    func isNotModified(_ tag: String) -> Bool {
        switch self.noneMatch {
        case nil: false
        case .any?: true
        case .tags(let tags)?: tags.contains { "\"\($0)\"" == tag }
        }
    }

    /// The part of a tag that names what people wrote.
    private static func version(_ tag: String) -> String { String(tag.prefix { $0 != "." }) }

    private static func read(_ name: String, _ fields: HeaderFields) throws(Problem) -> Condition? {
        let text = fields.values(of: name).joined(separator: ",")
        guard fields[name] != nil else { return nil }
        if text.trimmingSpaces() == "*" { return .any }
        var tags: [String] = []
        for part in text.split(separator: ",") {
            var tag = part.trimmingSpaces()
            if tag.hasPrefix("W/") { tag.removeFirst(2) }
            guard tag.count >= 2, tag.hasPrefix("\""), tag.hasSuffix("\"") else {
                throw Problem(.badRequest, "\(name) must be * or tags in quotation marks")
            }
            tags.append(String(tag.dropFirst().dropLast()))
        }
        guard !tags.isEmpty, tags.count <= 32 else {
            throw Problem(.badRequest, "\(name) must have 1 to 32 tags")
        }
        return .tags(tags)
    }
}
