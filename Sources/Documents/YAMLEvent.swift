/// One step through the structure of a YAML text.
struct YAMLEvent {
    /// What comes next.
    enum Kind: Equatable {
        case documentStart
        case documentEnd
        case streamEnd
        case alias(String)
        case scalar(text: String, isPlain: Bool)
        case sequenceStart
        case sequenceEnd
        case mappingStart
        case mappingEnd
        /// Something that says nothing about the documents.
        case other
    }

    let kind: Kind
    /// The name by which aliases call the node.
    var anchor: String?
    /// The tag in full.
    var tag: String?
    /// Where it begins, from 1.
    let line: Int
    /// Where it begins, in characters from 1.
    let column: Int

    /// Returns the error that something is wrong here.
    func error(_ reason: DocumentError.Reason) -> DocumentError {
        DocumentError(reason, line: self.line, column: self.column)
    }
}
