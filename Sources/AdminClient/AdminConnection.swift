// AdminClient: HTTP calls of a server's admin plane, over TCP or a UNIX socket.
//
// What it is: async-http-client behind one small face: an address, who asks, a call and its answer. What it is
// not: it knows no resource, reads no file but those of TLS, and waits by no clock: whoever calls
// limits the time by cancelling.
//
// Begin here, then `AdminCall` and `AdminClientError`.

import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL

/// Calls one server, as one caller.
///
/// Any task may use it; calls run side by side. It follows no redirect and uses no proxy, so that a token goes
/// to the address that was asked for and to no other. ``close()`` must be called before it is released.
package final class AdminConnection: Sendable {
    /// The most bytes of an answer that are kept, unless a call asks for another limit.
    package static let answerLimit = 256 << 20

    /// Where the server is.
    package let address: AdminAddress
    private let client: HTTPClient
    private let token: String?

    /// Prepares calls; connects to nothing yet.
    ///
    /// - Parameters:
    ///   - address: Where the server is.
    ///   - token: The bearer token; sent with every call, in clear text when the address has no TLS.
    ///   - identity: Whom to trust, and the certificate to show.
    /// - Throws: ``AdminClientError/invalidFile(_:)`` when a file of TLS cannot be used.
    package init(address: AdminAddress, token: String?, identity: TLSIdentity) throws(AdminClientError) {
        self.address = address
        self.token = token
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: address.usesTLS ? try identity.configuration() : nil,
            redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(10)),
            decompression: .disabled
        )
        configuration.httpVersion = .http1Only
        // Whether to try again is the caller's decision: see `AdminClientError.isBeforeSending`.
        configuration.connectionPool.retryConnectionEstablishment = false
        self.client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Ends the connections; suspends until they are closed.
    package func close() async {
        // What an error says here is that a connection was already gone.
        try? await self.client.shutdown()
    }

    /// Makes a call and returns the whole answer, whatever its status is; suspends until it is there.
    ///
    /// - Parameters:
    ///   - call: What to ask.
    ///   - limit: The most bytes of a body that are accepted.
    /// - Throws: ``AdminClientError`` when there is no whole answer, or when the task is cancelled.
    package func answer(
        to call: AdminCall,
        limit: Int = AdminConnection.answerLimit
    ) async throws(AdminClientError) -> AdminAnswer {
        do {
            let response = try await self.client.execute(self.request(call), deadline: .distantFuture)
            let body = try await response.body.collect(upTo: limit)
            return AdminAnswer(response, body: Array(body.readableBytesView))
        } catch is NIOTooManyBytesError {
            throw .tooLarge(limit: limit)
        } catch {
            throw AdminClientError(error, address: self.address)
        }
    }

    /// Makes a call and returns the answer as it comes; suspends until its head is there.
    ///
    /// An answer that is not a success is returned with its whole body, like one of ``answer(to:limit:)``.
    ///
    /// - Throws: ``AdminClientError`` when there is no head, or when the task is cancelled.
    package func stream(_ call: AdminCall) async throws(AdminClientError) -> AdminStream {
        do {
            let response = try await self.client.execute(self.request(call), deadline: .distantFuture)
            guard (200..<300).contains(response.status.code) else {
                let body = try await response.body.collect(upTo: 1 << 20)
                return .refused(AdminAnswer(response, body: Array(body.readableBytesView)))
            }
            return .accepted(
                AdminAnswer(response, body: []),
                AdminBody(response.body, address: self.address)
            )
        } catch {
            throw AdminClientError(error, address: self.address)
        }
    }

    private func request(_ call: AdminCall) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: self.address.url + call.target)
        request.method = HTTPMethod(rawValue: call.method.rawValue)
        // A socket has no name that could stand there.
        if self.address.isSocket { request.headers.add(name: "host", value: "localhost") }
        request.headers.add(name: "user-agent", value: "isthmus")
        request.headers.add(name: "accept", value: call.accept)
        if let token = self.token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
        for header in call.headers { request.headers.add(name: header.name, value: header.value) }
        switch call.body {
        case .none: break
        case .bytes(let bytes, let mediaType):
            request.headers.add(name: "content-type", value: mediaType)
            request.body = .bytes(bytes)
        }
        return request
    }
}
