package import NIOCore

/// An answer: a status, fields, and a body that is there or comes bit by bit.
///
/// libmicrohttpd adds `Date`, and `Content-Length` or `Transfer-Encoding`. For a HEAD request the same
/// answer as for GET is given; its body is not sent.
package struct Response: Sendable {
    /// What follows the head.
    package enum Body: Sendable {
        /// Bytes, which are sent without a copy.
        case bytes(ByteBuffer)
        /// Bytes that are asked for as the client takes them.
        case stream(ResponseStream)
    }

    /// The status, 200 to 599.
    package var status: Int
    /// The header fields; `Connection: close` closes the connection after the answer.
    package var fields: HeaderFields
    /// The body.
    package var body: Body

    /// Makes an answer.
    package init(status: Int, fields: HeaderFields = [:], body: Body = .bytes(ByteBuffer())) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// Makes an answer with text.
    package init(status: Int, fields: HeaderFields = [:], text: String) {
        self.init(status: status, fields: fields, body: .bytes(ByteBuffer(string: text)))
    }

    /// The most bytes of an answer's fields.
    ///
    /// They must fit into the connection's memory beside the request's head.
    static let maximumFieldBytes = 16_384

    /// Whether it can be sent as it is: fields that the library owns, or that HTTP cannot carry, are denied.
    var isSendable: Bool {
        let owned = ["Content-Length", "Transfer-Encoding"]
        let byteCount = self.fields.fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
        return (200...599).contains(self.status) && byteCount <= Self.maximumFieldBytes
            && self.fields.fields.allSatisfy { field in
                HeaderFields.canSend(field) && !owned.contains { HeaderFields.isSame($0, field.name) }
            }
    }
}
