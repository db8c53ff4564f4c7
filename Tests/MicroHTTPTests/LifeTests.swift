import CoreMetrics
import Foundation
import MicroHTTP
import NIOCore
import Synchronization
import Testing

/// Beginnings and ends: of servers, of connections, and of clients' patience.
@Suite(.timeLimit(.minutes(2))) struct LifeTests {
    private func start(
        _ addresses: [ServerConfiguration.Address] = [.tcp(address: "127.0.0.1", port: 0)],
        handler: @escaping @Sendable (Request) async -> Response
    ) throws(ServerError) -> Server {
        try Server(
            ServerConfiguration(listeners: addresses.map { .init($0) }),
            metrics: ServerMetrics(factory: NOOPMetricsHandler.instance),
            now: { .now() },
            refusalResponse: refusalText,
            handler: handler
        )
    }

    /// Waits until its task is cancelled.
    @Sendable private static func waitForCancellation(_ told: Event<Bool>) async {
        let gate = Gate()
        await withTaskCancellationHandler {
            await gate.pass()
        } onCancel: {
            gate.open()
        }
        told.tell(Task.isCancelled)
    }

    @Test func clientThatLeavesCancelsItsHandler() async throws {
        let (entered, cancelled) = (Event<Void>(), Event<Bool>())
        let source = TestSource()
        try await withServer { _ in
            entered.tell(())
            await Self.waitForCancellation(cancelled)
            return source.response
        } _: { server in
            do {
                let client = SendableClient(try RawClient(port: server.port))
                client.client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                await entered.wait()
                client.client.send("")
            }
            #expect(await cancelled.wait() == [true])
            // The answer comes too late for the client; its stream is ended all the same.
            await source.ended.wait()
        }
        #expect(source.ended.values == [.clientGone])
    }

    @Test func stopLetsRequestsFinish() async throws {
        let (gate, entered) = (Gate(), Event<Void>())
        let server = try self.start { _ in
            entered.tell(())
            await gate.pass()
            return Response(status: 200, text: "finished")
        }
        let port = server.port
        let client = SendableClient(try RawClient(port: port))
        let idle = SendableClient(try RawClient(port: port))
        client.client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await entered.wait()
        async let stopped: Void = server.stop(grace: .seconds(600))
        // The idle connection is closed at once: stopping has begun, and the request is still waited for.
        try await onThread {
            #expect(idle.client.isClosedByServer())
            gate.open()
            let response = try client.client.response()
            #expect(response.text == "finished" && response["Connection"]?.lowercased() == "close")
            #expect(client.client.isClosedByServer())
        }
        await stopped
        #expect(throws: RawClient.Failure.self) { try RawClient(port: port) }
    }

    @Test func stopDoesNotWaitForAHandlerThatIgnoresIt() async throws {
        let (gate, entered, left) = (Gate(), Event<Void>(), Event<Bool>())
        let source = TestSource()
        let server = try self.start { _ in
            entered.tell(())
            await gate.pass()
            left.tell(Task.isCancelled)
            return source.response
        }
        let client = SendableClient(try RawClient(port: server.port))
        client.client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await entered.wait()
        await server.stop(grace: .milliseconds(50))
        let result = try await onThread { client.client.isClosedByServer() }
        #expect(result)
        gate.open()
        #expect(await left.wait() == [true])
        // An answer that nobody gets ends its stream all the same.
        #expect(await source.ended.wait() == [.stopped])
    }

    @Test func stopTwiceIsHarmless() async throws {
        let server = try self.start { _ in Response(status: 200) }
        async let first: Void = server.stop(grace: .zero)
        async let second: Void = server.stop(grace: .zero)
        _ = await (first, second)
        await server.stop(grace: .zero)
    }

    @Test func thousandRequestsAtOnceAreAnswered() async throws {
        let (gate, entered) = (Gate(), Event<Void>())
        let most = Atomic(0)
        try await withServer { request in
            entered.tell(())
            await gate.pass()
            most.add(1, ordering: .relaxed)
            return Response(status: 200, text: request.target.rawPath)
        } _: { server in
            let port = server.port
            let clients = try await onThread {
                try (0..<1_000).map { index in
                    let client = SendableClient(try RawClient(port: port))
                    client.client.send("POST /\(index) HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab")
                    return client
                }
            }
            await entered.wait(1_000)
            gate.open()
            try await onThread {
                for (index, client) in clients.enumerated() {
                    let text = try client.client.response().text
                    #expect(text == "/\(index)")
                }
            }
        }
        #expect(most.load(ordering: .relaxed) == 1_000)
    }

    // MARK: - Addresses

    @Test func unixSocketBelongsToItsOwnerAndTellsWhoAsks() async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("m-\(UUID().uuidString)")
            .path
        let server = try self.start([.unix(path: path), .tcp(address: "127.0.0.1", port: 0)]) { request in
            guard case .unix(let user) = request.peer.origin else {
                return Response(status: 200, text: "tcp")
            }
            return Response(status: 200, text: "uid \(user.map { "\($0)" } ?? "unknown")")
        }
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        guard case .tcp(_, let port) = server.addresses[1] else { return }
        let texts = try await onThread {
            [try RawClient(path: path).get("/").text, try RawClient(port: port).get("/").text]
        }
        #expect(texts == ["uid \(getuid())", "tcp"])
        // Who listens there already is left alone.
        #expect(throws: ServerError.addressInUse(.unix(path: path))) {
            try self.start([.unix(path: path)]) { _ in Response(status: 200) }
        }
        await server.stop(grace: .seconds(20))
    }

    @Test func staleSocketFileIsReplacedAndOthersAreKept() async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("m-\(UUID().uuidString)")
            .path
        defer { try? FileManager.default.removeItem(atPath: path) }
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let stale = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let code = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(stale, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(code == 0)
        close(stale)
        let server = try self.start([.unix(path: path)]) { _ in Response(status: 200, text: "new") }
        let result = try await onThread { try RawClient(path: path).get("/").text }
        #expect(result == "new")
        await server.stop(grace: .seconds(20))
        try "a file".write(toFile: path, atomically: false, encoding: .utf8)
        #expect(throws: ServerError.notASocket(path: path)) {
            try self.start([.unix(path: path)]) { _ in Response(status: 200) }
        }
    }

    @Test func addressThatIsTakenOrNoneIsAnError() async throws {
        let server = try self.start { _ in Response(status: 200) }
        let taken = server.addresses[0]
        #expect(throws: ServerError.addressInUse(taken)) {
            try self.start([taken]) { _ in Response(status: 200) }
        }
        let name = ServerConfiguration.Address.tcp(address: "localhost", port: 0)
        #expect(throws: ServerError.badAddress(name)) {
            try self.start([name]) { _ in Response(status: 200) }
        }
        await server.stop(grace: .zero)
    }
}
