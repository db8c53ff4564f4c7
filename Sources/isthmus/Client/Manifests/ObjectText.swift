import Documents

/// An object as a person compares it: without what the server sets.
enum ObjectText {
    private static let serverSet = [
        "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
    ]

    /// Returns the lines of an object, members in the order of their names; none for no object.
    static func lines(_ document: DocumentValue?) -> [String] {
        guard var object = document?.object else { return [] }
        object["status"] = nil
        object["effects"] = nil
        if var metadata = object["metadata"]?.object {
            for name in Self.serverSet { metadata[name] = nil }
            object["metadata"] = .object(metadata)
        }
        let text = String(decoding: YAMLWriter.write(DocumentValue.object(object).canonical), as: UTF8.self)
        return text.split(separator: "\n").map { TerminalText.printable(String($0)) }
    }
}
