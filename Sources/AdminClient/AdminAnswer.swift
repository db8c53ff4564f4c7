import AsyncHTTPClient
package import Documents
import NIOHTTP1

/// The answer to a call.
package struct AdminAnswer: Sendable {
    /// The HTTP status.
    package let status: Int
    /// The body, whole; empty for the head of a stream.
    package let body: [UInt8]
    private let headers: HTTPHeaders

    init(_ response: HTTPClientResponse, body: [UInt8]) {
        self.status = Int(response.status.code)
        self.headers = response.headers
        self.body = body
    }

    /// Whether the status is one of success.
    package var isSuccess: Bool { (200..<300).contains(self.status) }

    /// Returns the first value of a header field, whatever the case of its name.
    package func header(_ name: String) -> String? { self.headers.first(name: name) }

    /// Returns the body as a document.
    ///
    /// - Throws: ``AdminClientError/problem(_:)`` when the answer is not a success, and
    ///   ``AdminClientError/malformed(_:)`` when the body is not JSON.
    package func document() throws(AdminClientError) -> DocumentValue {
        try self.check()
        var limits = DocumentLimits()
        // The bytes are bounded already; a list of a large mesh has millions of values.
        limits.values = .max
        do {
            return try JSONReader.read(self.body, limits: limits)
        } catch {
            throw .malformed("the answer is not JSON: \(error)")
        }
    }

    /// Returns when the answer is a success.
    ///
    /// - Throws: ``AdminClientError/problem(_:)`` when it is not.
    package func check() throws(AdminClientError) {
        guard !self.isSuccess else { return }
        throw .problem(Problem(self))
    }
}
