package import Documents

/// What a server says is wrong (RFC 9457).
package struct Problem: Sendable, Hashable {
    /// What is wrong with one field of the request.
    package struct FieldError: Sendable, Hashable {
        /// The field, as a JSON pointer.
        package let pointer: String
        /// The kind of the problem.
        package let code: String
        /// A sentence.
        package let message: String
    }

    /// The HTTP status.
    package let status: Int
    /// The kind of the problem, the last part of its type: `not-found`; empty when the answer had none.
    package let slug: String
    /// What kind of problem it is, in words.
    package let title: String
    /// What happened here.
    package let detail: String?
    /// What to do.
    package let hint: String?
    /// What is wrong with the fields of the request.
    package let errors: [FieldError]
    /// When to try again, in seconds.
    package let retryAfterSeconds: Int64?
    /// The request's identity in the server's log.
    package let requestID: String?
    /// The object as it is, with a failed precondition or a wait that ended.
    package let object: DocumentValue?

    init(_ answer: AdminAnswer) {
        // What is not a document came from something between us and the server; only its status counts.
        let members = (try? JSONReader.read(answer.body))?.object ?? DocumentObject()
        self.init(status: answer.status, members: members, requestID: answer.header("x-request-id"))
    }

    /// Creates a problem from the members of its document; what is not there is left out.
    package init(status: Int, members: DocumentObject, requestID: String? = nil) {
        self.status = status
        self.slug = members["type"]?.string?.split(separator: "/").last.map(String.init) ?? ""
        self.title = members["title"]?.string ?? "the server answered with HTTP status \(status)"
        self.detail = members["detail"]?.string
        self.hint = members["hint"]?.string
        self.errors = (members["errors"]?.array ?? []).map { error in
            FieldError(
                pointer: error.object?["pointer"]?.string ?? "",
                code: error.object?["code"]?.string ?? "",
                message: error.object?["message"]?.string ?? ""
            )
        }
        self.retryAfterSeconds = members["retryAfterSeconds"]?.integer
        self.requestID = requestID ?? members["instance"]?.string
        self.object = members["object"]
    }
}
