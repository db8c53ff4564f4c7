import AsyncHTTPClient
import NIOCore

/// An answer whose body is read as it comes.
package enum AdminStream: Sendable {
    /// Not a success: the whole answer.
    case refused(AdminAnswer)
    /// A success: the head, and the body to read.
    case accepted(AdminAnswer, AdminBody)
}

/// The body of an answer, in pieces.
package struct AdminBody: Sendable {
    private let body: HTTPClientResponse.Body
    private let address: AdminAddress

    init(_ body: HTTPClientResponse.Body, address: AdminAddress) {
        self.body = body
        self.address = address
    }

    /// Gives each piece to `take`, and returns at the end of the body; once only.
    ///
    /// The server is not read faster than the pieces are taken.
    ///
    /// - Throws: ``AdminClientError`` when the body breaks off or the task is cancelled, and what `take`
    ///   throws.
    package func read(_ take: ([UInt8]) async throws -> Void) async throws {
        var iterator = self.body.makeAsyncIterator()
        while true {
            let piece: ByteBuffer?
            do {
                piece = try await iterator.next()
            } catch {
                throw AdminClientError(error, address: self.address)
            }
            guard let piece else { return }
            try await take(Array(piece.readableBytesView))
        }
    }
}
