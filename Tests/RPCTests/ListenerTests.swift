import Logging
import NIOCore
import NIOPosix
import NIOSSL
import RPC
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct ListenerTests {
    @Test func aCallOverASocketIsAnswered() async throws {
        let server = try await TestServer.start()
        let answers = try await server.talk { client in
            (0..<50).map { client.call("/test.T/Echo", [[UInt8($0)]]) }
        }
        #expect(answers.values.compactMap(\.messages.first?.first).sorted() == (0..<50).map { UInt8($0) })
        #expect(answers.values.allSatisfy { $0.grpcStatus == 0 })
        await server.stop()
        #expect(server.metrics.value("isthmus_data_connections") == 0)
    }

    @Test func plainHTTPIsServedOnTheSamePort() async throws {
        let server = try await TestServer.start()
        let answer = try await server.send("GET /version HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.hasSuffix("\r\n\r\nGET /version 0"))
        #expect(answer.contains("connection: close"))
        await server.stop()
    }

    @Test func aKeptHTTPConnectionServesRequestAfterRequest() async throws {
        let server = try await TestServer.start()
        let first = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
        let second = "GET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        let answer = try await server.send(first + second)
        #expect(answer.contains("POST /a 3"))
        #expect(answer.hasSuffix("GET /b 0"))
        await server.stop()
    }

    @Test(
        "what is not HTTP gets an error and no more",
        arguments: [
            ("\u{1}\u{2}\u{3}\r\n\r\n", 0, "HTTP/1.1 400"),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: ", 20_000, "HTTP/1.1 400"),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n", 4_300_000, "HTTP/1.1 413"),
        ]
    )
    func badHTTP(text: String, padding: Int, expected: String) async throws {
        let server = try await TestServer.start()
        let answer = try await server.send(text + String(repeating: "x", count: padding))
        #expect(answer.hasPrefix(expected))
        await server.stop()
    }

    @Test func connectionsOverTheLimitAreClosedAtOnce() async throws {
        var limits = RPCLimits()
        limits.maxConnections = 1
        let server = try await TestServer.start(limits: limits)
        let first = try await server.connect()
        _ = try await first.call("/test.T/Echo")
        #expect(try await server.send("GET / HTTP/1.1\r\n\r\n") == "")
        #expect(
            server.metrics.value("isthmus_data_connections_rejected_total", [("reason", "connectionLimit")])
                == 1
        )
        #expect(server.listener.connectionCount == 1)
        try await first.close()
        await server.stop()
    }

    @Test func aPeerThatSaysNothingIsClosedInTime() async throws {
        var limits = RPCLimits()
        limits.handshakeTimeout = .milliseconds(50)
        let server = try await TestServer.start(limits: limits)
        #expect(try await server.send("") == "")
        #expect(try await server.send("PRI * HT") == "")
        #expect(
            server.metrics.value("isthmus_data_connections_closed_total", [("reason", "prefaceTimeout")]) == 2
        )
        await server.stop()
    }

    @Test func aRefusedPeerIsClosedAndCounted() async throws {
        let server = try await TestServer.start(refusal: .revoked)
        #expect(try await server.send("GET / HTTP/1.1\r\n\r\n") == "")
        #expect(server.metrics.value("isthmus_data_connections_refused_total", [("reason", "revoked")]) == 1)
        await server.stop()
    }

    @Test func chosenConnectionsAreCut() async throws {
        let server = try await TestServer.start()
        let first = try await server.connect()
        _ = try await first.call("/test.T/Echo")
        let second = try await server.connect()
        _ = try await second.call("/test.T/Echo")
        let ids = server.peers.all.map(\.connectionID)
        #expect(ids.count == 2)
        #expect(server.listener.cut(ids[0], because: .revoked))
        #expect(!server.listener.cut(ids[1] + 1, because: .revoked))
        try await first.closed()
        #expect(try await second.call("/test.T/Echo").grpcStatus == 0)
        #expect(server.metrics.value("isthmus_data_connections_closed_total", [("reason", "revoked")]) == 1)
        try await second.close()
        await server.stop()
    }

    @Test func aStopEndsWatchesWithTheGivenStatusAndReturns() async throws {
        let server = try await TestServer.start()
        let client = try await server.connect()
        let watch = try await client.open("/test.T/Watch")
        await server.stop(status: RPCStatus(code: .unavailable, message: "etcdserver: server stopped"))
        try await client.closed()
        let response = await client.response(watch)
        #expect(response.grpcStatus == 14)
        #expect(response.grpcMessage == "etcdserver: server stopped")
        #expect(server.listener.connectionCount == 0)
    }

    @Test func aStopDoesNotWaitLongerThanItsGrace() async throws {
        let server = try await TestServer.start()
        let client = try await server.connect()
        _ = try await client.open("/test.T/Later")
        await server.stop(grace: .milliseconds(100))
        try await client.closed()
        #expect(server.listener.connectionCount == 0)
    }
}
