import Foundation
import MicroHTTP
import Testing

/// Requests that are refused before the handler sees them.
@Suite(.timeLimit(.minutes(2))) struct LimitTests {
    private var small: ServerLimits {
        var limits = ServerLimits()
        limits.bodyBytes = 1_000
        limits.headBytes = 2_000
        limits.targetBytes = 500
        limits.fields = 10
        // Nothing here is ended by the time.
        limits.headTimeout = .seconds(3_600)
        return limits
    }

    /// Sends text to a server with small limits and expects this refusal.
    private func expect(
        _ refusal: Refusal,
        _ text: String,
        isClosed: Bool = true,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await withServer(limits: self.small) { server in
            let port = server.port
            try await onThread {
                let client = try RawClient(port: port)
                client.send(text)
                let response = try client.response()
                #expect(response.status == refusal.status, sourceLocation: sourceLocation)
                #expect(response["X-Refusal"] == refusal.rawValue, sourceLocation: sourceLocation)
                if isClosed {
                    #expect(client.isClosedByServer(), sourceLocation: sourceLocation)
                } else {
                    #expect(try client.get("/").status == 200, sourceLocation: sourceLocation)
                }
            }
        }
    }

    @Test(arguments: ["POST", "PUT", "PATCH", "DELETE"])
    func bodyThatSaysItIsTooLargeIsRefusedUnread(method: String) async throws {
        // Not one byte of it is sent: the answer does not wait for it.
        try await self.expect(
            .bodyTooLarge,
            "\(method) / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n"
        )
    }

    @Test func tooLargeBodyIsRefusedInsteadOfContinued() async throws {
        let fields = "Content-Length: 1001\r\nExpect: 100-continue\r\n"
        try await self.expect(.bodyTooLarge, "PUT / HTTP/1.1\r\nHost: x\r\n\(fields)\r\n")
    }

    @Test func chunkedBodyIsRefusedWhenItHasBecomeTooLarge() async throws {
        let head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        let chunk = "200\r\n" + String(repeating: "a", count: 512) + "\r\n"
        try await self.expect(.bodyTooLarge, head + chunk + chunk + "0\r\n\r\n")
    }

    @Test func endlessChunkedBodyIsCut() async throws {
        try await withServer(limits: self.small) { server in
            let port = server.port
            try await onThread {
                let client = try RawClient(port: port)
                client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
                let chunk = "8000\r\n" + String(repeating: "a", count: 32_768) + "\r\n"
                // Sending ends with an error when the server has closed; a thousand would be 32 MB.
                for _ in 0..<1_000 { client.send(chunk) }
                #expect(client.isClosedByServer())
            }
        }
    }

    @Test func bodyOfExactlyTheLimitIsTaken() async throws {
        try await withServer(limits: self.small) {
            Response(status: 200, text: "\($0.body.readableBytes)")
        } _: {
            let port = $0.port
            try await onThread {
                let client = try RawClient(port: port)
                let body = String(repeating: "a", count: 1_000)
                client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + body)
                #expect(try client.response().text == "1000")
                client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3E8\r\n")
                client.send(body + "\r\n0\r\n\r\n")
                #expect(try client.response().text == "1000")
            }
        }
    }

    @Test(arguments: [501, 1_500])
    func longTargetIsRefused(count: Int) async throws {
        let target = "/" + String(repeating: "a", count: count - 1)
        try await self.expect(.targetTooLong, "GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n")
    }

    @Test(arguments: [2_000, 15_000])
    func largeHeadIsRefused(count: Int) async throws {
        let value = String(repeating: "a", count: count)
        try await self.expect(.headTooLarge, "GET / HTTP/1.1\r\nHost: x\r\nX-A: \(value)\r\n\r\n")
    }

    @Test func headThatNeverEndsIsRefusedByTheLibrary() async throws {
        try await withServer(limits: self.small) { server in
            let port = server.port
            try await onThread {
                let client = try RawClient(port: port)
                client.send("GET / HTTP/1.1\r\nHost: x\r\nX-A: " + String(repeating: "a", count: 200_000))
                #expect(try client.responseHead().status == 431)
            }
        }
    }

    @Test func manyFieldsAreRefused() async throws {
        let fields = (0..<10).map { "X-\($0): 1\r\n" }.joined()
        try await self.expect(.tooManyFields, "GET / HTTP/1.1\r\nHost: x\r\n\(fields)\r\n")
        try await self.expect(.tooManyFields, "GET /?a&b&c&d&e&f&g&h&i&j&k HTTP/1.1\r\nHost: x\r\n\r\n")
    }

    @Test(arguments: ["/%", "/%00", "/a/../b", "*", "/%ff", "host:1"])
    func badTargetIsRefused(target: String) async throws {
        try await self.expect(.malformedTarget, "GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n")
    }

    @Test(arguments: [
        "", "Host: a\r\nHost: b\r\n", "Host: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n",
        "Host: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Host: a\r\nTransfer-Encoding: gzip, chunked\r\n", "Host: a\r\nTransfer-Encoding: identity\r\n",
        "Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    ])
    func ambiguousHeadIsRefused(fields: String) async throws {
        try await self.expect(.malformedHead, "POST / HTTP/1.1\r\n\(fields)\r\n")
    }

    @Test(arguments: [
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloworld\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1x\r\n\r\na", "GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        "GET /\r\n\r\n", "\0\0\0\0\r\n\r\n", "GET / HTTP/1.1\r\nHost\r\n\r\n",
    ])
    func whatIsNoHTTPNeverReachesTheHandler(text: String) async throws {
        let called = Event<String>()
        try await withServer(limits: self.small) { request in
            called.tell(request.method)
            return Response(status: 200)
        } _: { server in
            let port = server.port
            try await onThread {
                let client = try RawClient(port: port)
                client.send(text)
                // Whatever the library says or does not say to that, the connection is over.
                shutdown(client.socket, Int32(SHUT_WR))
                #expect(client.isClosedByServer())
            }
            #expect(called.values.isEmpty)
        }
    }

    @Test func requestsAboveTheLimitAreToldToRetry() async throws {
        var limits = ServerLimits()
        limits.requestsInFlight = 2
        let (gate, entered) = (Gate(), Event<Void>())
        try await withServer(limits: limits) { _ in
            entered.tell(())
            await gate.pass()
            return Response(status: 200)
        } _: { server in
            let port = server.port
            let waiting = try (0..<2).map { _ in SendableClient(try RawClient(port: port)) }
            for waiting in waiting { waiting.client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n") }
            await entered.wait(2)
            try await onThread {
                let third = try RawClient(port: port)
                let refused = try third.get("/")
                #expect(refused["X-Refusal"] == "overloaded" && refused["Retry-After"] == "1")
                gate.open()
                for waiting in waiting { #expect(try waiting.client.response().status == 200) }
                #expect(try third.get("/").status == 200)
            }
        }
    }

    @Test(arguments: [true, false])
    func connectionsAboveTheLimitAreClosed(isPerAddress: Bool) async throws {
        var limits = ServerLimits()
        if isPerAddress { limits.connectionsPerAddress = 3 } else { limits.connections = 3 }
        try await withServer(limits: limits) { server in
            let port = server.port
            try await onThread {
                var clients = try (0..<3).map { _ in try RawClient(port: port) }
                for client in clients { #expect(try client.get("/").status == 200) }
                let fourth = try RawClient(port: port)
                #expect(fourth.isClosedByServer())
                shutdown(clients[0].socket, Int32(SHUT_WR))
                #expect(clients[0].isClosedByServer())
                clients.removeFirst()
                #expect(try clients[0].get("/").status == 200)
            }
        }
    }
}

/// A client that only one thread uses at a time.
final class SendableClient: @unchecked Sendable {
    let client: RawClient
    init(_ client: RawClient) { self.client = client }
}
