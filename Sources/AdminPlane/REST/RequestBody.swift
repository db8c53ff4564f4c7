import Documents
import MicroHTTP
import NIOCore

/// Reads the body of a request as its operation wants it.
enum RequestBody {
    /// Returns the document of the body; `nil` for an operation that takes none, or takes bytes.
    ///
    /// - Throws: 415 for another media type, 400 for what is no document or not wanted.
    static func document(of request: Request, for operation: Operation) throws(Problem) -> DocumentValue? {
        let type = MediaType.essence(request.fields["Content-Type"] ?? "")
        switch operation.body {
        case .none:
            guard request.body.readableBytes == 0 else {
                throw Problem(.badRequest, "this operation takes no body")
            }
            return nil
        case .form:
            guard type == MediaType.form else { throw self.unsupported(type, [MediaType.form]) }
            return nil
        case .file(let types):
            guard types.contains(type) else { throw self.unsupported(type, types) }
            return nil
        case .mergePatch:
            guard type == MediaType.mergePatch else { throw self.unsupported(type, [MediaType.mergePatch]) }
            return try self.read(request, isYAML: false, operation)
        case .documentOrBytes(let types) where types.contains(type): return nil
        case .document, .documentOrBytes:
            if MediaType.isYAML(type) { return try self.read(request, isYAML: true, operation) }
            // What `curl -d` says of any body, and what is not said at all, is taken for JSON. That does not
            // let other sites act for a browser's user: a cookie opens nothing that changes anything.
            guard ["", MediaType.json, MediaType.form].contains(type) else {
                throw self.unsupported(type, MediaType.documents)
            }
            return try self.read(request, isYAML: false, operation)
        }
    }

    /// The members of a form (the body of ``Operation/Body/form``).
    ///
    /// - Throws: 400 when it is malformed.
    static func form(of request: Request) throws(Problem) -> [String: String] {
        do throws(Refusal) {
            let bytes = Array("/?".utf8) + request.body.readableBytesView.filter { $0 != 0x0d && $0 != 0x0a }
            let target = try RequestTarget(bytes, maximumPairs: 16)
            return Dictionary(
                target.query.map { ($0.name, $0.value) },
                uniquingKeysWith: { first, _ in first }
            )
        } catch {
            throw Problem(.malformedBody, "the body is not a form")
        }
    }

    private static func read(
        _ request: Request,
        isYAML: Bool,
        _ operation: Operation
    ) throws(Problem) -> DocumentValue {
        let bytes = Array(request.body.readableBytesView)
        var limits = DocumentLimits()
        // A larger body may have more values, as many as such documents have: a few for each line.
        limits.values = max(limits.values, operation.bodyLimit / 8)
        do throws(DocumentError) {
            return isYAML
                ? try YAMLReader.read(bytes, limits: limits) : try JSONReader.read(bytes, limits: limits)
        } catch {
            throw Problem(error, isYAML: isYAML)
        }
    }

    private static func unsupported(_ type: String, _ known: [String]) -> Problem {
        var problem = Problem(
            .unsupportedMediaType,
            type.isEmpty ? "the body's Content-Type is missing" : "the body's media type is not known here",
            hint: "known: \(known.joined(separator: ", "))"
        )
        problem.fields.add(
            known == [MediaType.mergePatch] ? "Accept-Patch" : "Accept-Post",
            known.joined(separator: ", ")
        )
        return problem
    }
}
