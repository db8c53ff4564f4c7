import Yams

/// Reads YAML documents as JSON values.
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
    /// - Throws: ``DocumentError`` for the first document that cannot be read.
    package static func readAll(
        _ bytes: [UInt8],
        limits: DocumentLimits = DocumentLimits()
    ) throws(DocumentError) -> [DocumentValue] {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw DocumentError(.invalidText) }
        var converter = NodeConverter(limits: limits)
        var documents: [DocumentValue] = []
        do {
            // Without rules the library leaves every scalar a string; what one means is ours to say.
            let parser = try Parser(yaml: text, resolver: .basic)
            while let node = try parser.nextRoot() {
                let document = try converter.value(node, depth: 0)
                if document != .null { documents.append(document) }
            }
            return documents
        } catch let error as DocumentError {
            throw error
        } catch let error as YamlError {
            throw DocumentError(error)
        } catch {
            throw DocumentError(.yaml("\(error)"))
        }
    }
}

/// Turns the library's nodes into values, within limits: an alias may stand for a large part of a document.
private struct NodeConverter {
    let limits: DocumentLimits
    var count = 0

    mutating func value(_ node: Node, depth: Int) throws(DocumentError) -> DocumentValue {
        self.count += 1
        guard self.count <= self.limits.values else {
            throw self.error(.tooManyValues(limit: self.limits.values), node.mark)
        }
        guard depth <= self.limits.depth else {
            throw self.error(.tooDeep(limit: self.limits.depth), node.mark)
        }
        switch node {
        case .scalar(let scalar): return self.scalar(scalar)
        case .sequence(let sequence):
            var elements: [DocumentValue] = []
            for element in sequence { elements.append(try self.value(element, depth: depth + 1)) }
            return .array(elements)
        case .mapping(let mapping):
            var members: [DocumentObject.Member] = []
            for (key, value) in mapping {
                guard case .scalar(let name) = key else {
                    throw self.error(.unexpected(expected: "text as a name"), key.mark)
                }
                members.append(.init(name: name.string, value: try self.value(value, depth: depth + 1)))
            }
            return .object(DocumentObject(unchecked: members))
        case .alias:
            throw self.error(.unexpected(expected: "no unresolved alias"), node.mark)
        }
    }

    private func scalar(_ scalar: Node.Scalar) -> DocumentValue {
        scalar.style == .plain ? YAMLScalar.resolve(scalar.string) : .string(scalar.string)
    }

    private func error(_ reason: DocumentError.Reason, _ mark: Mark?) -> DocumentError {
        DocumentError(reason, line: mark?.line ?? 0, column: mark?.column ?? 0)
    }
}

extension DocumentError {
    fileprivate init(_ error: YamlError) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            self.init(.yaml(problem), line: mark.line, column: mark.column)
        case .duplicatedKeysInMapping(let duplicates, let context):
            self.init(
                .duplicateName(duplicates.first ?? ""),
                line: context.mark.line,
                column: context.mark.column
            )
        case .reader(let problem, _, _, _), .writer(let problem), .emitter(let problem),
            .representer(let problem):
            self.init(.yaml(problem))
        case .no: self.init(.empty)
        case .memory: self.init(.yaml("out of memory"))
        case .dataCouldNotBeDecoded: self.init(.invalidText)
        }
    }
}
