import CYaml

/// Goes through a YAML text with libyaml, event by event; belongs to one task.
///
/// Yams builds a tree first and compares the keys in it, which takes exponential time where aliases are keys,
/// and it cannot be told how deep a text may be. Here every event is seen before more is read.
final class YAMLEventReader {
    /// The most lines that may begin with `%`: libyaml compares every directive with every other.
    private static let directiveLimit = 16

    private let bytes: [UInt8]
    /// The copy that libyaml reads.
    private let input: UnsafeMutableBufferPointer<UInt8>
    private let parser: UnsafeMutablePointer<yaml_parser_t>

    /// Creates a reader at the beginning of a text that is UTF-8.
    ///
    /// - Throws: ``DocumentError`` when the text has characters that old and new YAML read in two ways.
    init(_ bytes: [UInt8]) throws(DocumentError) {
        // libyaml counts a byte order mark as a column.
        let bytes = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? Array(bytes.dropFirst(3)) : bytes
        try Self.check(bytes)
        self.bytes = bytes
        self.input = .allocate(capacity: bytes.count)
        _ = self.input.initialize(from: bytes)
        self.parser = .allocate(capacity: 1)
        self.parser.initialize(to: yaml_parser_t())
        guard yaml_parser_initialize(self.parser) == 1 else { throw DocumentError(.yaml("out of memory")) }
        yaml_parser_set_encoding(self.parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(self.parser, self.input.baseAddress, self.input.count)
    }

    deinit {
        yaml_parser_delete(self.parser)
        self.parser.deallocate()
        self.input.deallocate()
    }

    /// Returns the next event.
    ///
    /// - Throws: ``DocumentError`` in libyaml's words.
    func next() throws(DocumentError) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(self.parser, &event) == 1 else { throw self.failure }
        defer { yaml_event_delete(&event) }
        let (kind, anchor, tag) = Self.contents(of: event)
        return YAMLEvent(
            kind: kind,
            anchor: Self.text(anchor),
            tag: Self.text(tag),
            line: Int(event.start_mark.line) + 1,
            column: Int(event.start_mark.column) + 1
        )
    }

    private typealias Name = UnsafeMutablePointer<yaml_char_t>?

    private static func contents(of event: yaml_event_t) -> (YAMLEvent.Kind, anchor: Name, tag: Name) {
        switch event.type {
        case YAML_DOCUMENT_START_EVENT: (.documentStart, nil, nil)
        case YAML_DOCUMENT_END_EVENT: (.documentEnd, nil, nil)
        case YAML_STREAM_END_EVENT: (.streamEnd, nil, nil)
        case YAML_ALIAS_EVENT: (.alias(self.text(event.data.alias.anchor) ?? ""), nil, nil)
        case YAML_SCALAR_EVENT:
            (
                .scalar(
                    text: self.text(event.data.scalar.value, event.data.scalar.length),
                    isPlain: event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE
                ),
                event.data.scalar.anchor, event.data.scalar.tag
            )
        case YAML_SEQUENCE_START_EVENT:
            (.sequenceStart, event.data.sequence_start.anchor, event.data.sequence_start.tag)
        case YAML_SEQUENCE_END_EVENT: (.sequenceEnd, nil, nil)
        case YAML_MAPPING_START_EVENT:
            (.mappingStart, event.data.mapping_start.anchor, event.data.mapping_start.tag)
        case YAML_MAPPING_END_EVENT: (.mappingEnd, nil, nil)
        default: (.other, nil, nil)
        }
    }

    private static func text(_ start: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        start.map { String(cString: $0) }
    }

    private static func text(_ start: UnsafeMutablePointer<yaml_char_t>?, _ count: Int) -> String {
        String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    private var failure: DocumentError {
        let problem = self.parser.pointee.problem.map { String(cString: $0) } ?? "not YAML"
        let mark = self.parser.pointee.problem_mark
        switch self.parser.pointee.error {
        case YAML_READER_ERROR:
            return DocumentError(.yaml(problem), in: self.bytes, at: self.parser.pointee.problem_offset)
        case YAML_SCANNER_ERROR, YAML_PARSER_ERROR:
            return DocumentError(.yaml(problem), line: Int(mark.line) + 1, column: Int(mark.column) + 1)
        default:
            return DocumentError(.yaml(problem))
        }
    }

    /// Refuses what libyaml would take for line breaks and YAML 1.2 and JSON take for text, and too many
    /// directives.
    private static func check(_ bytes: [UInt8]) throws(DocumentError) {
        var directives = 0
        for index in bytes.indices {
            switch bytes[index] {
            case UInt8(ascii: "%") where index == 0 || bytes[index - 1] == 0x0a || bytes[index - 1] == 0x0d:
                directives += 1
                guard directives <= self.directiveLimit else {
                    let expected = "no more than \(self.directiveLimit) lines that begin with '%'"
                    throw DocumentError(.unexpected(expected: expected), in: bytes, at: index)
                }
            case 0xc2 where bytes[index + 1] == 0x85,
                0xe2 where bytes[index + 1] == 0x80 && bytes[index + 2] & 0xfe == 0xa8:
                let expected = "U+0085, U+2028 and U+2029 only as escapes in quotation marks"
                throw DocumentError(.unexpected(expected: expected), in: bytes, at: index)
            default: break
            }
        }
    }
}
