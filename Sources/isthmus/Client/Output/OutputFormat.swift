import ArgumentParser
import Documents

/// How data is printed.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case table
    case json
    case yaml
    case name

    /// Returns the text of a document.
    static func text(_ document: DocumentValue, _ format: OutputFormat) -> [UInt8] {
        switch format {
        case .yaml: YAMLWriter.write(document)
        case .json, .table, .name: JSONWriter.writePretty(document) + [UInt8(ascii: "\n")]
        }
    }

    /// Returns one line of JSON, or a whole YAML document, for streams.
    static func line(_ document: DocumentValue, _ format: OutputFormat) -> [UInt8] {
        switch format {
        case .yaml: Array("---\n".utf8) + YAMLWriter.write(document)
        case .json, .table, .name: JSONWriter.write(document) + [UInt8(ascii: "\n")]
        }
    }
}
