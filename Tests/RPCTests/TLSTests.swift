import NIOCore
import NIOSSL
import RPC
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5)), .enabled(if: TestPKI.isAvailable, "needs the openssl command"))
struct TLSTests {
    private static let failures = "isthmus_data_handshake_failures_total"

    /// Credentials that can be replaced.
    private final class Credentials: Sendable {
        let context: Mutex<NIOSSLContext?>
        init(_ context: NIOSSLContext?) { self.context = Mutex(context) }
    }

    private func start(
        _ pki: TestPKI,
        limits: RPCLimits = RPCLimits()
    ) async throws -> (server: TestServer, credentials: Credentials) {
        let credentials = Credentials(try pki.server(protocols: RPCListener.applicationProtocols))
        let server = try await TestServer.start(limits: limits, tls: { credentials.context.withLock { $0 } })
        return (server, credentials)
    }

    @Test func theSessionsMakerSeesTheClientsCertificate() async throws {
        let pki = try await TestPKI.make()
        let (server, _) = try await self.start(pki)
        let answers = try await server.talk(tls: try pki.client("client")) { client in
            (0..<20).map { _ in client.call("/test.T/Big", [[0, 1, 0, 0]]) }
        }
        #expect(answers.values.allSatisfy { $0.messages == [pattern(65_536)] && $0.grpcStatus == 0 })
        let peer = try #require(server.peers.all.first)
        #expect(peer.isTLS)
        #expect(peer.certificateChain.first == (try pki.certificate("client")))
        #expect(peer.remoteAddress?.ipAddress == "127.0.0.1")
        await server.stop()
    }

    @Test func plainHTTPIsServedOverTLSWithItsALPNOrNone() async throws {
        let pki = try await TestPKI.make()
        let (server, _) = try await self.start(pki)
        for protocols in [["http/1.1"], []] {
            let context = try pki.client("client", protocols: protocols)
            let answer = try await server.send(
                "GET /health HTTP/1.1\r\nConnection: close\r\n\r\n",
                tls: context
            )
            #expect(answer.hasSuffix("GET /health 0"))
        }
        await server.stop()
    }

    @Test func withoutALPNThePrefaceDecides() async throws {
        let pki = try await TestPKI.make()
        let (server, _) = try await self.start(pki)
        let answers = try await server.talk(tls: try pki.client("client", protocols: [])) { client in
            [client.call("/test.T/Echo", [[1]])]
        }
        #expect(answers.values.map(\.grpcStatus) == [0])
        await server.stop()
    }

    @Test(
        "peers that cannot prove themselves get no session",
        arguments: [
            (nil, "noCertificate"), ("stranger", "untrustedCertificate"),
        ] as [(String?, String)]
    )
    func rejected(name: String?, reason: String) async throws {
        let pki = try await TestPKI.make()
        let (server, _) = try await self.start(pki)
        let answer = try await server.send("GET / HTTP/1.1\r\n\r\n", tls: try pki.client(name))
        #expect(answer == "")
        #expect(server.peers.all.isEmpty)
        #expect(server.metrics.value(Self.failures, [("reason", reason)]) == 1)
        await server.stop()
    }

    @Test(
        "bytes that are not TLS fail cleanly",
        arguments: [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "plaintext"),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "protocolVersion"),
            ("\u{16}\u{3}\u{1}\u{0}\u{5}hello", "other"),
        ]
    )
    func notTLS(text: String, reason: String) async throws {
        let pki = try await TestPKI.make()
        let (server, _) = try await self.start(pki)
        _ = try await server.send(text)
        #expect(server.metrics.value(Self.failures, [("reason", reason)]) == 1)
        #expect(server.peers.all.isEmpty)
        await server.stop()
    }

    @Test func aPeerThatNeverFinishesTheHandshakeIsClosedInTime() async throws {
        var limits = RPCLimits()
        limits.handshakeTimeout = .milliseconds(50)
        let pki = try await TestPKI.make()
        let (server, _) = try await self.start(pki, limits: limits)
        #expect(try await server.send("") == "")
        #expect(server.metrics.value(Self.failures, [("reason", "timeout")]) == 1)
        await server.stop()
    }

    @Test func eachConnectionGetsTheNewestCredentials() async throws {
        let pki = try await TestPKI.make()
        let (server, credentials) = try await self.start(pki)
        let old = try await server.connect(tls: try pki.client("client"))
        _ = try await old.call("/test.T/Echo")
        let new = try pki.server("stranger", protocols: RPCListener.applicationProtocols)
        credentials.context.withLock { $0 = new }
        let next = try await server.connect(tls: try pki.client("client"))
        #expect(try await next.call("/test.T/Echo").grpcStatus == 0)
        #expect(try await next.serverCertificate() == pki.certificate("stranger"))
        #expect(try await old.call("/test.T/Echo").grpcStatus == 0)
        try await old.close()
        try await next.close()
        await server.stop()
    }

    @Test func withoutCredentialsNobodyIsServed() async throws {
        let pki = try await TestPKI.make()
        let (server, credentials) = try await self.start(pki)
        credentials.context.withLock { $0 = nil }
        let answer = try await server.send("GET / HTTP/1.1\r\n\r\n", tls: try pki.client("client"))
        #expect(answer == "")
        #expect(
            server.metrics.value("isthmus_data_connections_rejected_total", [("reason", "noCredentials")])
                == 1
        )
        await server.stop()
    }

    @Test func aStopOverTLSEndsWatchesCleanly() async throws {
        let pki = try await TestPKI.make()
        let (server, _) = try await self.start(pki)
        let client = try await server.connect(tls: try pki.client("client"))
        let watch = try await client.open("/test.T/Watch")
        await server.stop()
        try await client.closed()
        #expect(await client.response(watch).grpcStatus == 14)
    }
}
