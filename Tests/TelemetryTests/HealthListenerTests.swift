import CoreMetrics
import NIOCore
import NIOPosix
import Telemetry
import Testing

@Suite(.timeLimit(.minutes(5))) struct HealthListenerTests {
    private let registry = MetricsRegistry()

    private func withListener(
        on address: String = "127.0.0.1",
        limits: HealthListener.Limits = .init(),
        _ body: (HealthListener) async throws -> Void
    ) async throws {
        let listener = try await HealthListener.start(
            on: SocketAddress(ipAddress: address, port: 0),
            group: MultiThreadedEventLoopGroup.singleton,
            checks: [HealthCheck("loops", scope: .liveness) { .healthy }],
            registry: self.registry,
            limits: limits
        )
        do {
            try await body(listener)
        } catch {
            await listener.shutdown()
            throw error
        }
        await listener.shutdown()
    }

    /// Sends a whole conversation and returns the whole answer.
    private func exchange(_ request: String, with listener: HealthListener) async throws -> String {
        let client = try await RawClient.connect(to: listener.localAddress)
        client.send(request)
        return try await client.everything()
    }

    private func value(of name: String) -> String? {
        String(buffer: self.registry.render()).split(separator: "\n").first { $0.hasPrefix(name + " ") }
            .map { String($0.dropFirst(name.count + 1)) }
    }

    /// Waits for something that another thread brings about; the time limit of the suite ends a vain wait.
    private func wait(until condition: () -> Bool) async throws {
        while !condition() { try await Task.sleep(for: .milliseconds(2)) }
    }

    @Test func aRequestIsAnsweredAndTheConnectionClosedWhenAsked() async throws {
        try await self.withListener { listener in
            let answer = try await self.exchange(
                "GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
                with: listener
            )
            #expect(
                answer == """
                    HTTP/1.1 200 OK\r
                    content-type: text/plain; charset=utf-8\r
                    content-length: 3\r
                    cache-control: no-store\r
                    x-content-type-options: nosniff\r
                    connection: close\r
                    \r
                    ok

                    """
            )
        }
    }

    @Test func aConnectionServesSeveralRequests() async throws {
        try await self.withListener { listener in
            let answer = try await self.exchange(
                "GET /livez HTTP/1.1\r\nhost: x\r\n\r\nHEAD /livez HTTP/1.1\r\nhost: x\r\n\r\n"
                    + "GET /nowhere HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
                with: listener
            )
            let answers = answer.split(separator: "HTTP/1.1 ")
            #expect(answers.count == 3)
            #expect(answers[0].hasPrefix("200 OK\r\n") && answers[0].hasSuffix("\r\n\r\nok\n"))
            #expect(answers[1].contains("content-length: 3\r\n") && answers[1].hasSuffix("\r\n\r\n"))
            #expect(answers[2].hasPrefix("404 Not Found\r\n") && answers[2].hasSuffix("404 page not found\n"))
        }
    }

    @Test func anOldClientIsAnsweredAndLeft() async throws {
        try await self.withListener { listener in
            let answer = try await self.exchange("GET /livez HTTP/1.0\r\n\r\n", with: listener)
            #expect(answer.hasPrefix("HTTP/1.0 200 OK\r\n"))
            #expect(answer.hasSuffix("\r\n\r\nok\n"))
        }
    }

    @Test func metricsAreServedInPrometheusFormat() async throws {
        Counter(label: "seen_total", factory: self.registry).increment()
        try await self.withListener { listener in
            let answer = try await self.exchange(
                "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
                with: listener
            )
            #expect(answer.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"))
            #expect(answer.contains("\nseen_total 1\n"))
            #expect(answer.contains("\nisthmus_health_connections 1\n"))
        }
    }

    @Test func otherMethodsAreRefusedWithTheAllowedOnes() async throws {
        try await self.withListener { listener in
            let answer = try await self.exchange(
                "POST /livez HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc",
                with: listener
            )
            #expect(answer.hasPrefix("HTTP/1.1 405 Method Not Allowed\r\n"))
            #expect(answer.contains("allow: GET, HEAD\r\n"))
        }
    }

    @Test(
        "malformed requests are refused and the connection ends",
        arguments: [
            "\u{16}\u{3}\u{1}\0\u{1}not http\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "GET /livez HTTP/1.1\r\nbad header\r\n\r\n",
            "GET /livez HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
            "GET /livez HTTP/1.1\r\nhost: x\r\nx: " + String(repeating: "y", count: 20_000) + "\r\n\r\n",
            "GET /livez HTTP/1.1\r\n" + String(repeating: "a: b\r\n", count: 100) + "\r\n",
            "GET /" + String(repeating: "z", count: 200_000) + " HTTP/1.1\r\nhost: x\r\n\r\n",
        ]
    )
    func malformed(request: String) async throws {
        try await self.withListener { listener in
            let answer = try await self.exchange(request, with: listener)
            #expect(!answer.contains("200 OK"))
            #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 4"))
            let next = try await self.exchange("GET /livez HTTP/1.0\r\n\r\n", with: listener)
            #expect(next.hasSuffix("\r\n\r\nok\n"))
        }
    }

    @Test func aLongBodyEndsTheConnection() async throws {
        try await self.withListener { listener in
            let body = String(repeating: "x", count: 100_000)
            let answer = try await self.exchange(
                "GET /livez HTTP/1.1\r\nhost: x\r\ncontent-length: 100000000\r\n\r\n" + body,
                with: listener
            )
            #expect(answer.isEmpty)
        }
    }

    @Test func aClientThatDripsItsRequestIsCutOff() async throws {
        try await self.withListener(limits: .init(idleTimeout: .milliseconds(150))) { listener in
            let client = try await RawClient.connect(to: listener.localAddress)
            client.send("GET /livez HTTP/1.1\r\n")
            // Each byte shows a sign of life, and none of them may count.
            let drip = client.channel.eventLoop.scheduleRepeatedTask(
                initialDelay: .zero,
                delay: .milliseconds(10)
            ) { _ in client.send("x") }
            #expect(try await client.everything() == "")
            drip.cancel()
            #expect(self.value(of: "isthmus_health_timeouts_total") == "1")
        }
    }

    @Test func aClientThatDoesNotTakeItsAnswerIsCutOff() async throws {
        for index in 0..<900 {
            let label = ("l", "\(index)" + String(repeating: "x", count: 10_000))
            Counter(label: "large_total", dimensions: [label], factory: self.registry).increment()
        }
        try await self.withListener(limits: .init(idleTimeout: .milliseconds(150))) { listener in
            let client = try await RawClient.connect(to: listener.localAddress, autoRead: false)
            client.send("GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n")
            try await self.wait { self.value(of: "isthmus_health_timeouts_total") == "1" }
            try await self.wait { self.value(of: "isthmus_health_connections") == "0" }
            await client.close()
        }
    }

    @Test func connectionsBeyondTheLimitAreClosedAtOnce() async throws {
        try await self.withListener(limits: .init(connections: 2)) { listener in
            let first = try await RawClient.connect(to: listener.localAddress)
            let second = try await RawClient.connect(to: listener.localAddress)
            try await self.wait { self.value(of: "isthmus_health_connections") == "2" }
            let third = try await RawClient.connect(to: listener.localAddress)
            #expect(try await third.everything() == "")
            #expect(self.value(of: "isthmus_health_refused_connections_total") == "1")

            await first.close()
            try await self.wait { self.value(of: "isthmus_health_connections") == "1" }
            let answer = try await self.exchange("GET /livez HTTP/1.0\r\n\r\n", with: listener)
            #expect(answer.hasSuffix("ok\n"))
            await second.close()
        }
    }

    @Test func shuttingDownClosesTheSocketAndEveryConnection() async throws {
        // An address of its own: another test's listener may be given the port as soon as it is free.
        try await self.withListener(on: "127.0.0.153") { listener in
            let client = try await RawClient.connect(to: listener.localAddress)
            try await self.wait { self.value(of: "isthmus_health_connections") == "1" }
            await listener.shutdown()
            #expect(try await client.everything() == "")
            await #expect(throws: (any Error).self) { try await RawClient.connect(to: listener.localAddress) }
            await listener.shutdown()
        }
    }

    @Test func anAddressInUseHasANamedError() async throws {
        try await self.withListener { listener in
            await #expect {
                try await HealthListener.start(
                    on: listener.localAddress,
                    group: MultiThreadedEventLoopGroup.singleton,
                    checks: [],
                    registry: MetricsRegistry()
                )
            } throws: { error in
                guard case .cannotListen(let address, let reason) = error as? HealthListenerError else {
                    return false
                }
                return address.contains("127.0.0.1") && reason.contains("in use")
            }
        }
    }
}
