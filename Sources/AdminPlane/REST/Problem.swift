package import Documents
package import MicroHTTP
import NIOCore

/// What goes wrong with a request, as RFC 9457 has it; the only place that words errors for REST clients.
package struct Problem: Error, Sendable {
    /// The closed list of problem types; the raw value is the end of the type's URI reference.
    package enum Slug: String, Sendable, CaseIterable {
        case badRequest = "bad-request"
        case malformedBody = "malformed-body"
        case invalidParameter = "invalid-parameter"
        case unauthorized
        case forbidden
        case notFound = "not-found"
        case methodNotAllowed = "method-not-allowed"
        case notAcceptable = "not-acceptable"
        case requestTimeout = "request-timeout"
        case alreadyExists = "already-exists"
        case conflict
        case idempotencyInProgress = "idempotency-in-progress"
        case expired
        case preconditionFailed = "precondition-failed"
        case bodyTooLarge = "body-too-large"
        case targetTooLong = "uri-too-long"
        case unsupportedMediaType = "unsupported-media-type"
        case invalidObject = "invalid-object"
        case idempotencyMismatch = "idempotency-mismatch"
        case tooManyRequests = "too-many-requests"
        case headersTooLarge = "headers-too-large"
        case `internal`
        case notAvailable = "not-available"
        case waitTimeout = "wait-timeout"
        case storageFull = "storage-full"
    }

    /// What kind of problem it is.
    package let slug: Slug
    /// What happened this time.
    package var detail: String
    /// The fields that are wrong.
    package var errors: [FieldProblem] = []
    /// What to try.
    package var hint: String?
    /// When to try again, in seconds.
    package var retryAfterSeconds: Int?
    /// The object as it is, as JSON.
    package var object: [UInt8]?
    /// Whom the request would cut off, and why.
    package var cutOff: [(party: String, reason: String)] = []
    /// Header fields that belong to the problem.
    package var fields = HeaderFields()

    /// Creates a problem.
    package init(_ slug: Slug, _ detail: String, hint: String? = nil) {
        self.slug = slug
        self.detail = detail
        self.hint = hint
    }

    /// Creates the problem of an object that is wrong in these fields.
    package init(invalid errors: [FieldProblem]) {
        let count = errors.count == 1 ? "1 field is" : "\(errors.count) fields are"
        self.init(.invalidObject, "\(count) not what this server accepts")
        self.errors = errors
    }

    /// The problem as a document.
    func document(requestID: String) -> DocumentValue {
        let document: DocumentValue = [
            "type": .string(Self.path + self.slug.rawValue),
            "title": .string(self.slug.title),
            "status": .integer(Int64(self.slug.status)),
            "detail": .string(self.detail),
            // The client's own name for the request may have characters that no URI has.
            "instance": .string("urn:uuid:" + PercentEncoding.encode(requestID)),
        ]
        guard case .object(var members) = document else { return document }
        members["errors"] = self.errors.isEmpty ? nil : .array(self.errors.map(Self.document))
        members["hint"] = self.hint.map { .string($0) }
        members["retryAfterSeconds"] = self.retryAfterSeconds.map { .integer(Int64($0)) }
        if !self.cutOff.isEmpty {
            members["cutOff"] = .array(
                self.cutOff.map { ["party": .string($0.party), "reason": .string($0.reason)] }
            )
        }
        members["object"] = self.object.flatMap { try? JSONReader.read($0) }
        return .object(members)
    }

    /// The answer that tells of it.
    func response(requestID: String) -> Response {
        var fields = self.fields
        fields.add("Content-Type", "application/problem+json")
        if let seconds = self.retryAfterSeconds { fields.add("Retry-After", String(seconds)) }
        let bytes = JSONWriter.write(self.document(requestID: requestID)) + [UInt8(ascii: "\n")]
        return Response(status: self.slug.status, fields: fields, body: .bytes(ByteBuffer(bytes: bytes)))
    }

    private static func document(_ problem: FieldProblem) -> DocumentValue {
        [
            "pointer": .string(problem.pointer.description),
            "code": .string(problem.code.rawValue),
            "message": .string(problem.message),
        ]
    }

    /// Where the descriptions of the types are served.
    package static let path = "/problems/"
}

extension Problem.Slug {
    /// The status of answers with this problem.
    package var status: Int {
        switch self {
        case .badRequest, .malformedBody, .invalidParameter: 400
        case .unauthorized: 401
        case .forbidden: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .notAcceptable: 406
        case .requestTimeout: 408
        case .alreadyExists, .conflict, .idempotencyInProgress: 409
        case .expired: 410
        case .preconditionFailed: 412
        case .bodyTooLarge: 413
        case .targetTooLong: 414
        case .unsupportedMediaType: 415
        case .invalidObject, .idempotencyMismatch: 422
        case .tooManyRequests: 429
        case .headersTooLarge: 431
        case .internal: 500
        case .notAvailable: 503
        case .waitTimeout: 504
        case .storageFull: 507
        }
    }

    /// What all problems of this type have in common, in a few words.
    package var title: String {
        switch self {
        case .badRequest: "The request is malformed"
        case .malformedBody: "The body cannot be read"
        case .invalidParameter: "A parameter is not valid"
        case .unauthorized: "Credentials are missing or not valid"
        case .forbidden: "The credentials do not suffice"
        case .notFound: "There is no such thing"
        case .methodNotAllowed: "The method is not allowed here"
        case .notAcceptable: "No representation that you accept"
        case .requestTimeout: "The request took too long to arrive"
        case .alreadyExists: "The object already exists"
        case .conflict: "The request conflicts with the object's state"
        case .idempotencyInProgress: "The first request with this key is not answered yet"
        case .expired: "What you want to continue from is no longer kept"
        case .preconditionFailed: "A precondition does not hold"
        case .bodyTooLarge: "The body is too large"
        case .targetTooLong: "The request target is too long"
        case .unsupportedMediaType: "The body's media type is not supported"
        case .invalidObject: "The object is not valid"
        case .idempotencyMismatch: "The idempotency key belongs to another request"
        case .tooManyRequests: "Too many requests"
        case .headersTooLarge: "The header is too large"
        case .internal: "The server made a mistake"
        case .notAvailable: "The server cannot do this now"
        case .waitTimeout: "The condition did not come true in time"
        case .storageFull: "There is no space left"
        }
    }
}
