package import Documents
package import MeshResources
package import MicroHTTP

/// One operation of the contract: a method on a path, what it needs, and what does it.
///
/// Each has its entry in `openapi/openapi.yaml` under the same identifier; a test compares the two.
package struct Operation: Sendable {
    /// Who may call.
    package enum Access: Sendable, Hashable {
        /// Anyone, without credentials.
        case open
        /// Who has the scope.
        case scope(TokenScope)
    }

    /// What an operation accepts as its body.
    package enum Body: Sendable, Hashable {
        /// None: one that comes is refused.
        case none
        /// A document in JSON or YAML.
        case document
        /// A merge patch.
        case mergePatch
        /// A document, or bytes of one of these media types.
        case documentOrBytes([String])
        /// Bytes of one of these media types, which go to a file.
        case file([String])
        /// A form.
        case form
    }

    /// The name in the contract.
    package let id: String
    /// The HTTP method.
    package let method: String
    /// The path with `{parameters}` and, at its end, perhaps a `:verb`.
    package let path: String
    /// Who may call.
    package let access: Access
    /// The query parameters that are known.
    package var query: Set<String> = []
    /// The body.
    package var body = Body.none
    /// The most bytes of the body, beyond what any request may have.
    package var bodyLimit = 0
    /// The media types of the answer, in the order of preference.
    package var produces = MediaType.documents
    /// Does it.
    package let handler: @Sendable (Call) async throws(Problem) -> Reply

    /// Creates an operation.
    package init(
        _ id: String,
        _ method: String,
        _ path: String,
        _ access: Access,
        query: Set<String> = [],
        body: Body = .none,
        bodyLimit: Int = 0,
        produces: [String] = MediaType.documents,
        handler: @escaping @Sendable (Call) async throws(Problem) -> Reply
    ) {
        self.id = id
        self.method = method
        self.path = path
        self.access = access
        self.query = query
        self.body = body
        self.bodyLimit = bodyLimit
        self.produces = produces
        self.handler = handler
    }
}

/// A request on its way through an operation.
package struct Call: Sendable {
    /// What came.
    package let request: Request
    /// The names in the path.
    package let parameters: [String: String]
    /// The query parameters; each comes once.
    package let query: [String: String]
    /// Who asks; `nil` only for operations that are open.
    package let caller: Caller?
    /// Names the request in answers, logs and the audit: a UUID.
    package let requestID: String
    /// The media type of the answer.
    package let accepted: String
    /// The body as a document, when the operation accepts one.
    package let document: DocumentValue?

    /// A parameter of the path; that the path has it is the route table's promise.
    package func parameter(_ name: String) -> String {
        guard let value = self.parameters[name] else { preconditionFailure("no \(name) in the path") }
        return value
    }
}

/// What an operation answers.
package struct Reply: Sendable {
    /// The content of an answer.
    package enum Content: Sendable {
        /// Nothing.
        case none
        /// A JSON text; the client may get it as YAML.
        case json([UInt8])
        /// Bytes of a media type.
        case bytes([UInt8], type: String)
        /// A stream of a media type.
        case stream(ResponseStream, type: String)
    }

    /// The status.
    package var status: Int
    /// The content.
    package var content: Content
    /// Header fields beside those that every answer has.
    package var fields: HeaderFields

    /// Creates a reply.
    package init(_ status: Int = 200, _ content: Content = .none, fields: HeaderFields = [:]) {
        self.status = status
        self.content = content
        self.fields = fields
    }

    /// Creates a reply with a document.
    package init(_ status: Int = 200, document: DocumentValue, fields: HeaderFields = [:]) {
        self.init(status, .json(JSONWriter.write(document)), fields: fields)
    }
}
