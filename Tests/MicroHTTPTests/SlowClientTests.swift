import Foundation
import MicroHTTP
import NIOCore
import Testing

/// Clients that keep the connection busy without getting on.
///
/// The tests wait for the close, they do not time it.
@Suite(.timeLimit(.minutes(2))) struct SlowClientTests {
    /// Limits of which one is short and the others would not end the test.
    private func limits(_ path: WritableKeyPath<ServerLimits, Duration>) -> ServerLimits {
        var limits = ServerLimits()
        for other in [\ServerLimits.headTimeout, \.idleTimeout, \.bodyTimeout, \.answerTimeout] {
            limits[keyPath: other] = .seconds(3_600)
        }
        limits[keyPath: path] = .milliseconds(300)
        limits.answerBytesPerSecond = .max
        return limits
    }

    /// Sends a byte at a time, without end, until the server has closed.
    private func dribble(_ client: RawClient) {
        var isOpen = true
        while isOpen {
            var poll = pollfd(fd: client.socket, events: Int16(POLLIN), revents: 0)
            client.send("a")
            Glibc.poll(&poll, 1, 20)
            isOpen = poll.revents == 0
        }
        #expect(client.isClosedByServer())
    }

    @Test(arguments: ["", "GET", "GET / HTTP/1.1\r\nHost: x\r\nX-A: "])
    func dribbledHeadIsCut(beginning: String) async throws {
        try await withServer(limits: self.limits(\.headTimeout)) { server in
            let port = server.port
            try await onThread {
                let client = try RawClient(port: port)
                client.send(beginning)
                self.dribble(client)
            }
        }
    }

    @Test func silentConnectionIsCut() async throws {
        try await withServer(limits: self.limits(\.headTimeout)) { server in
            let port = server.port
            let isClosed = try await onThread { try RawClient(port: port).isClosedByServer() }
            #expect(isClosed)
        }
    }

    @Test(arguments: ["Content-Length: 100000", "Transfer-Encoding: chunked"])
    func dribbledBodyIsCut(field: String) async throws {
        try await withServer(limits: self.limits(\.bodyTimeout)) { server in
            let port = server.port
            try await onThread {
                let client = try RawClient(port: port)
                client.send("POST / HTTP/1.1\r\nHost: x\r\n\(field)\r\n\r\n")
                if field.hasPrefix("T") { client.send("ffff\r\n") }
                self.dribble(client)
            }
        }
    }

    @Test func keptConnectionIsCutWhenNothingFollows() async throws {
        try await withServer(limits: self.limits(\.idleTimeout)) { server in
            let port = server.port
            try await onThread {
                let client = try RawClient(port: port)
                #expect(try client.get("/").status == 200)
                #expect(client.isClosedByServer())
            }
        }
    }

    @Test func answerThatIsNotTakenIsCut() async throws {
        // More than the kernel holds for a connection.
        let body = ByteBuffer(repeating: 0x61, count: 50_000_000)
        let metrics = TestMetrics()
        try await withServer(limits: self.limits(\.answerTimeout), metrics: metrics) { _ in
            Response(status: 200, body: .bytes(body))
        } _: { server in
            let client = SendableClient(try RawClient(port: server.port, receiveBuffer: 4_096))
            client.client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await metrics.counted("isthmus_admin_http_connections_timed_out_total/answer")
            let result = try await onThread { client.client.isClosedByServer() }
            #expect(result)
        }
    }

    @Test func streamThatIsNotTakenIsCutAndItsSourceTold() async throws {
        let ended = Event<ResponseStream.Ending>()
        let piece = ByteBuffer(repeating: 0x61, count: 100_000)
        try await withServer(limits: self.limits(\.answerTimeout)) { _ in
            let stream = ResponseStream(
                waker: StreamWaker(),
                next: { _ in .bytes(piece) },
                ended: { ended.tell($0) }
            )
            return Response(status: 200, body: .stream(stream))
        } _: { server in
            let client = SendableClient(try RawClient(port: server.port, receiveBuffer: 4_096))
            client.client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(await ended.wait() == [.timedOut])
            client.client.send("")
        }
    }

    @Test func handlerMayTakeItsTime() async throws {
        var limits = ServerLimits()
        limits.headTimeout = .milliseconds(100)
        limits.bodyTimeout = .milliseconds(100)
        limits.idleTimeout = .milliseconds(100)
        let (gate, entered) = (Gate(), Event<Void>())
        try await withServer(limits: limits) { _ in
            entered.tell(())
            await gate.pass()
            return Response(status: 200, text: "late")
        } _: { server in
            let port = server.port
            let slow = SendableClient(try RawClient(port: port))
            slow.client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await entered.wait()
            // Another connection's limits have run out meanwhile.
            let isOtherClosed = try await onThread { try RawClient(port: port).isClosedByServer() }
            #expect(isOtherClosed)
            gate.open()
            let text = try await onThread { try slow.client.response().text }
            #expect(text == "late")
        }
    }
}
