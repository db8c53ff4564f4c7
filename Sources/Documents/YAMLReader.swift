/// Reads YAML documents as JSON values.
///
/// Unquoted text means what the core schema of YAML 1.2 says. Whatever another reader could take for
/// something else is an error: numbers with leading zeros, names that are not text, merge keys, tags of
/// other schemas.
package enum YAMLReader {
    /// Returns the one document that `bytes` are.
    ///
    /// - Throws: ``DocumentError``, also when there is more than one document.
    package static func read(
        _ bytes: [UInt8],
        limits: DocumentLimits = DocumentLimits()
    ) throws(DocumentError) -> DocumentValue {
        let documents = try self.readAll(bytes, limits: limits)
        guard let first = documents.first else { throw DocumentError(.empty) }
        guard documents.count == 1 else { throw DocumentError(.trailing) }
        return first
    }

    /// Returns the documents of a stream, separated by `---`; empty ones are left out.
    ///
    /// - Throws: ``DocumentError`` for the first thing that is wrong.
    package static func readAll(
        _ bytes: [UInt8],
        limits: DocumentLimits = DocumentLimits()
    ) throws(DocumentError) -> [DocumentValue] {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw DocumentError(.invalidText) }
        var composer = YAMLComposer(try YAMLEventReader(bytes), limits)
        var documents: [DocumentValue] = []
        while let document = try composer.nextDocument() {
            if document != .null { documents.append(document) }
        }
        return documents
    }
}

/// Turns events into values, within limits: an alias may stand for a large part of a document.
private struct YAMLComposer {
    /// A node and how deep the arrays and objects in it are nested.
    private struct Part {
        var value: DocumentValue
        var height = 0
    }

    /// What an alias stands for, and what it counts.
    private struct Anchored {
        var part: Part
        var valueCount: Int
        var textBytes: Int
    }

    private let events: YAMLEventReader
    private let limits: DocumentLimits
    private var anchors: [String: Anchored] = [:]
    /// What there is so far, aliases expanded.
    private var valueCount = 0
    private var textBytes = 0
    private var aliasBytes = 0

    init(_ events: YAMLEventReader, _ limits: DocumentLimits) {
        self.events = events
        self.limits = limits
    }

    mutating func nextDocument() throws(DocumentError) -> DocumentValue? {
        while true {
            let event = try self.events.next()
            switch event.kind {
            case .documentStart:
                self.anchors = [:]
                return try self.node(self.events.next(), depth: 0).value
            case .streamEnd: return nil
            default: break
            }
        }
    }

    private mutating func node(_ event: YAMLEvent, depth: Int) throws(DocumentError) -> Part {
        if case .alias(let name) = event.kind { return try self.alias(name, event, depth) }
        let (valueCount, textBytes) = (self.valueCount, self.textBytes)
        try self.count(1, event)
        let part =
            switch event.kind {
            case .scalar(let text, let isPlain): try self.scalar(text, isPlain, event)
            case .sequenceStart: try self.sequence(event, depth + 1)
            case .mappingStart: try self.mapping(event, depth + 1)
            default: throw event.error(.unexpected(expected: "a value"))
            }
        if let anchor = event.anchor {
            self.anchors[anchor] = Anchored(
                part: part,
                valueCount: self.valueCount - valueCount,
                textBytes: self.textBytes - textBytes
            )
        }
        return part
    }

    private mutating func count(_ values: Int, _ event: YAMLEvent) throws(DocumentError) {
        self.valueCount += values
        guard self.valueCount <= self.limits.values else {
            throw event.error(.tooManyValues(limit: self.limits.values))
        }
    }

    private mutating func alias(
        _ name: String,
        _ event: YAMLEvent,
        _ depth: Int
    ) throws(DocumentError) -> Part {
        guard let anchored = self.anchors[name] else {
            throw event.error(.unexpected(expected: "an alias of a node before it"))
        }
        try self.count(anchored.valueCount, event)
        self.textBytes += anchored.textBytes
        self.aliasBytes += anchored.textBytes
        guard self.aliasBytes <= self.limits.aliasBytes else {
            throw event.error(.tooMuchText(limit: self.limits.aliasBytes))
        }
        guard depth + anchored.part.height <= self.limits.depth else {
            throw event.error(.tooDeep(limit: self.limits.depth))
        }
        return anchored.part
    }

    private mutating func scalar(
        _ text: String,
        _ isPlain: Bool,
        _ event: YAMLEvent
    ) throws(DocumentError) -> Part {
        self.textBytes += text.utf8.count
        do {
            return Part(value: try YAMLScalar.value(of: text, isPlain: isPlain, tag: event.tag))
        } catch {
            throw event.error(error)
        }
    }

    private mutating func sequence(_ start: YAMLEvent, _ depth: Int) throws(DocumentError) -> Part {
        try self.enter(start, depth, "tag:yaml.org,2002:seq")
        var elements: [DocumentValue] = []
        var height = 0
        while true {
            let event = try self.events.next()
            if event.kind == .sequenceEnd { return Part(value: .array(elements), height: height + 1) }
            let part = try self.node(event, depth: depth)
            elements.append(part.value)
            height = max(height, part.height)
        }
    }

    private mutating func mapping(_ start: YAMLEvent, _ depth: Int) throws(DocumentError) -> Part {
        try self.enter(start, depth, "tag:yaml.org,2002:map")
        var members: [DocumentObject.Member] = []
        var names: Set<ExactText> = []
        var height = 0
        while true {
            let event = try self.events.next()
            if event.kind == .mappingEnd {
                return Part(value: .object(DocumentObject(unchecked: members)), height: height + 1)
            }
            let name = try self.name(event, depth)
            guard names.insert(ExactText(name)).inserted else { throw event.error(.duplicateName(name)) }
            let part = try self.node(self.events.next(), depth: depth)
            members.append(.init(name: name, value: part.value))
            height = max(height, part.height)
        }
    }

    private mutating func enter(
        _ event: YAMLEvent,
        _ depth: Int,
        _ tag: String
    ) throws(DocumentError) {
        guard depth <= self.limits.depth else { throw event.error(.tooDeep(limit: self.limits.depth)) }
        guard [nil, "!", tag].contains(event.tag) else {
            throw event.error(.unexpected(expected: "no tag \(event.tag ?? "")"))
        }
    }

    private mutating func name(_ event: YAMLEvent, _ depth: Int) throws(DocumentError) -> String {
        if case .scalar("<<", isPlain: true) = event.kind {
            throw event.error(.unexpected(expected: "no merge key '<<'"))
        }
        switch event.kind {
        case .scalar, .alias:
            guard case .string(let name) = try self.node(event, depth: depth).value else { break }
            return name
        default: break
        }
        throw event.error(.unexpected(expected: "text as a name; quotation marks make it text"))
    }
}
