import Documents

/// Which object a document is, or a person means.
struct ObjectName: Sendable, Hashable, CustomStringConvertible {
    let kind: ResourceKind
    /// The name; the namespace and a slash come before it, where the kind has namespaces.
    let name: String

    init(_ kind: ResourceKind, _ name: String) {
        self.kind = kind
        self.name = name
    }

    /// Reads the name in a document; `nil` when there is none.
    init?(_ kind: ResourceKind, of document: DocumentValue) {
        guard let name = document.text(at: "metadata.name") else { return nil }
        self.kind = kind
        self.name = document.text(at: "metadata.namespace").map { "\($0)/\(name)" } ?? name
    }

    /// `service/shop/cart`, which `get` and `delete` take.
    var description: String { TerminalText.printable("\(self.kind.singular)/\(self.name)") }

    /// The path of the object.
    var path: [String] { get throws(CommandFailure) { try self.kind.path(of: self.name) } }

    /// Reads what the command line says: a kind and names, or `KIND/NAME` each.
    ///
    /// - Throws: A failure with ``ExitStatus/usage``.
    static func parse(_ words: [String]) throws(CommandFailure) -> (kind: ResourceKind, names: [ObjectName]) {
        guard let first = words.first else { throw CommandFailure(.usage, "which kind?") }
        guard first.contains("/") else {
            let kind = try Self.kind(first)
            for name in words.dropFirst() { _ = try kind.path(of: name) }
            return (kind, words.dropFirst().map { ObjectName(kind, $0) })
        }
        var names: [ObjectName] = []
        for word in words {
            let parts = word.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw CommandFailure(.usage, "\"\(word)\" is not KIND/NAME, as the words before it are")
            }
            let name = ObjectName(try Self.kind(String(parts[0])), String(parts[1]))
            _ = try name.path
            names.append(name)
        }
        return (names[0].kind, names)
    }

    /// Returns the kind that a person names.
    ///
    /// - Throws: A failure with ``ExitStatus/usage`` that lists all kinds.
    static func kind(_ name: String) throws(CommandFailure) -> ResourceKind {
        if let kind = ResourceKind.named(name) { return kind }
        let all = ResourceKind.all.map(\.plural).joined(separator: ", ")
        throw CommandFailure(.usage, "there is no kind \"\(name)\"; there are \(all)")
    }
}
