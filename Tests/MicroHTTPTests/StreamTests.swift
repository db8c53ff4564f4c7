import CoreMetrics
import Foundation
import MicroHTTP
import NIOCore
import Synchronization
import Testing

/// Bodies that come bit by bit.
@Suite(.timeLimit(.minutes(2))) struct StreamTests {
    @Test func piecesArriveAsTheyAreGiven() async throws {
        let source = TestSource()
        try await withServer { _ in
            source.response
        } _: { server in
            let client = SendableClient(try RawClient(port: server.port))
            client.client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await source.slept.wait()
            let head = try await onThread { try client.client.responseHead() }
            #expect(head["Transfer-Encoding"] == "chunked" && head["Content-Type"] == "text/event-stream")
            for index in 0..<20 {
                source.give("data: \(index)\n\n")
                let chunk = try await onThread { try client.client.chunk() }
                #expect(chunk.map { String(decoding: $0, as: UTF8.self) } == "data: \(index)\n\n")
            }
            source.end()
            let last = try await onThread { try client.client.chunk() }
            #expect(last == nil)
            #expect(await source.ended.wait() == [.sent])
            // The connection is as good as new.
            client.client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
            let result = try await onThread { try client.client.response(isHead: true).status }
            #expect(result == 200)
        }
    }

    @Test func sleepingStreamIsNotAskedAgain() async throws {
        let source = TestSource()
        try await withServer { _ in
            source.response
        } _: { server in
            let port = server.port
            let client = SendableClient(try RawClient(port: port))
            client.client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await source.slept.wait()
            // Work on the same thread meanwhile.
            try await onThread {
                let other = try RawClient(port: port)
                for _ in 0..<100 { other.send("HEAD /%00 HTTP/1.1\r\nHost: x\r\n\r\n") }
                for _ in 0..<1 { _ = try other.response(isHead: true) }
            }
            #expect(source.asked == 1)
            source.end()
            await source.ended.wait()
            #expect(source.asked == 2)
        }
    }

    @Test func clientThatLeavesASleepingStreamEndsItOnce() async throws {
        let source = TestSource()
        try await withServer { _ in
            source.response
        } _: { server in
            let port = server.port
            try await onThread {
                let client = try RawClient(port: port)
                client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try client.responseHead()
            }
            #expect(await source.ended.wait() == [.clientGone])
            source.give("nobody")
        }
        #expect(source.ended.values == [.clientGone])
    }

    @Test func clientThatLeavesABusyStreamEndsItOnce() async throws {
        let ended = Event<ResponseStream.Ending>()
        let piece = ByteBuffer(repeating: 0x61, count: 10_000)
        try await withServer { _ in
            let stream = ResponseStream(
                waker: StreamWaker(),
                next: { _ in .bytes(piece) },
                ended: { ended.tell($0) }
            )
            return Response(status: 200, body: .stream(stream))
        } _: { server in
            let port = server.port
            try await onThread {
                let client = try RawClient(port: port)
                client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try client.read(1_000_000)
            }
            await ended.wait()
        }
        #expect(ended.values == [.clientGone])
    }

    @Test func slowReaderIsNotReadAheadOf() async throws {
        let given = Atomic(0)
        let piece = ByteBuffer(repeating: 0x61, count: 65_536)
        let ended = Event<ResponseStream.Ending>()
        try await withServer { _ in
            let stream = ResponseStream(
                waker: StreamWaker(),
                next: { _ in
                    // A source of 4 GB, of which nobody takes more than a little.
                    given.add(1, ordering: .relaxed).newValue < 65_536 ? .bytes(piece) : .end
                },
                ended: { ended.tell($0) }
            )
            return Response(status: 200, body: .stream(stream))
        } _: { server in
            let port = server.port
            try await onThread {
                let client = try RawClient(port: port, receiveBuffer: 4_096)
                client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                for _ in 0..<100 { _ = try client.read(1_000) }
            }
            #expect(await ended.wait() == [.clientGone])
        }
        // What the kernel holds for a connection, a few MB, and not what the source has.
        #expect(given.load(ordering: .relaxed) < 1_000)
    }

    @Test func headOfAStreamAsksForNothing() async throws {
        let source = TestSource()
        try await withServer { _ in
            source.response
        } _: { server in
            let port = server.port
            let status = try await onThread {
                let client = try RawClient(port: port)
                client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
                return try client.response(isHead: true).status
            }
            #expect(status == 200)
            #expect(await source.ended.wait() == [.sent])
            #expect(source.asked == 0)
        }
    }

    @Test func brokenStreamIsNotTakenForAWholeOne() async throws {
        let asked = Atomic(0)
        try await withServer { _ in
            let stream = ResponseStream(
                waker: StreamWaker(),
                next: { _ in
                    asked.add(1, ordering: .relaxed).newValue == 1
                        ? .bytes(ByteBuffer(string: "a")) : .failure
                },
                ended: { _ in }
            )
            return Response(status: 200, body: .stream(stream))
        } _: { server in
            let port = server.port
            await #expect(throws: RawClient.Failure.self) {
                try await onThread { _ = try RawClient(port: port).get("/") }
            }
        }
    }

    @Test func oldClientGetsAStreamToTheEndOfTheConnection() async throws {
        let source = TestSource()
        source.give("a")
        source.give("b")
        source.end()
        try await withServer { _ in
            source.response
        } _: { server in
            let port = server.port
            let response = try await onThread {
                let client = try RawClient(port: port)
                client.send("GET / HTTP/1.0\r\n\r\n")
                return try client.response()
            }
            #expect(response["Transfer-Encoding"] == nil && response.text == "ab")
        }
    }

    @Test func stopEndsSleepingStreams() async throws {
        let source = TestSource()
        let (server, client) = try await {
            let server = try Server(
                ServerConfiguration(listeners: [.init(.tcp(address: "127.0.0.1", port: 0))]),
                metrics: ServerMetrics(factory: NOOPMetricsHandler.instance),
                now: { .now() },
                refusalResponse: refusalText,
                handler: { _ in source.response }
            )
            let client = SendableClient(try RawClient(port: server.port))
            client.client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await source.slept.wait()
            return (server, client)
        }()
        await server.stop(grace: .seconds(600))
        #expect(source.ended.values == [.sent])
        // A whole body: its last chunk is there.
        let result = try await onThread { try client.client.response().body }
        #expect(result == [])
    }

    @Test func thousandListenersCostNoThreads() async throws {
        let sources = (0..<1_000).map { _ in TestSource() }
        let next = Atomic(0)
        var limits = ServerLimits()
        limits.connectionsPerAddress = 2_000
        try await withServer(limits: limits) { _ in
            sources[next.add(1, ordering: .relaxed).oldValue].response
        } _: { server in
            let port = server.port
            let before = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
            let clients = try await onThread {
                try (0..<1_000).map { _ in
                    let client = SendableClient(try RawClient(port: port))
                    client.client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                    return client
                }
            }
            for source in sources { await source.slept.wait() }
            // Other tests run beside this one and start event loops.
            let after = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
            #expect(after < before + 500, "a thousand listeners must not have a thread each")
            for source in sources { source.give("tick\n") }
            try await onThread {
                for client in clients {
                    _ = try client.client.responseHead()
                    #expect(try client.client.chunk() == Array("tick\n".utf8))
                }
            }
            // Asked at the start, for the tick, and once more after it; a wake-up while awake asks once
            // again.
            #expect(sources.allSatisfy { $0.asked <= 4 })
        }
        #expect(sources.allSatisfy { $0.ended.values.count == 1 })
    }
}
