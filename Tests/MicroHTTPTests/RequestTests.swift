import Foundation
import MicroHTTP
import NIOCore
import Testing

/// What a handler is given, and what a client gets.
@Suite(.timeLimit(.minutes(2))) struct RequestTests {
    /// Answers with a description of the request.
    @Sendable private static func describe(_ request: Request) async -> Response {
        let fields = request.fields.fields.map { "\($0.name)=\($0.value)" }.joined(separator: "|")
        let query = request.target.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        let lines = [
            request.method, request.target.rawPath, query, fields, String(buffer: request.body),
            request.peer.isTLS ? "tls" : "plain",
        ]
        return Response(status: 200, text: lines.joined(separator: "\n"))
    }

    @Test func handlerSeesTheWholeRequest() async throws {
        try await withServer(handler: Self.describe) { server in
            let port = server.port
            let response = try await onThread {
                let client = try RawClient(port: port)
                client.send("PUT /a%2Fb?x=1&x=2 HTTP/1.1\r\nHost: h\r\nX-A: 1 \r\nx-a:2\r\n")
                client.send("Content-Length: 5\r\n\r\nhello")
                return try client.response()
            }
            #expect(response.status == 200)
            #expect(
                response.text
                    == "PUT\n/a%2Fb\nx=1&x=2\nHost=h|X-A=1|x-a=2|Content-Length=5\nhello\nplain"
            )
        }
    }

    @Test func peerHasAnAddress() async throws {
        try await withServer { request in
            guard case .tcp(let address, let port) = request.peer.origin, port > 0 else {
                return Response(status: 500)
            }
            return Response(status: 200, text: address)
        } _: { server in
            let port = server.port
            let result = try await onThread { try RawClient(port: port).get("/").text }
            #expect(result == "127.0.0.1")
        }
    }

    @Test func chunkedBodyIsPutTogether() async throws {
        try await withServer {
            Response(status: 200, body: .bytes($0.body))
        } _: { server in
            let port = server.port
            let text = try await onThread {
                let client = try RawClient(port: port)
                client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
                client.send("7;a=b\r\n, world\r\n0\r\nX-Trailer: 1\r\n\r\n")
                return try client.response().text
            }
            #expect(text == "hello, world")
        }
    }

    @Test func largeBodyGoesThereAndBack() async throws {
        try await withServer {
            Response(status: 200, body: .bytes($0.body))
        } _: { server in
            let port = server.port
            let body = (0..<1_048_576).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
            let received = try await onThread {
                let client = try RawClient(port: port)
                client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n\r\n")
                client.send(body)
                return try client.response().body
            }
            #expect(received == body)
        }
    }

    @Test func headHasTheLengthAndNoBody() async throws {
        try await withServer { server in
            let port = server.port
            try await onThread {
                let client = try RawClient(port: port)
                client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
                let head = try client.response(isHead: true)
                #expect(head.status == 200 && head["Content-Length"] == "2")
                #expect(try client.get("/").text == "ok")
            }
        }
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        try await withServer {
            Response(status: 200, text: $0.target.rawPath)
        } _: { server in
            let port = server.port
            let texts = try await onThread {
                let client = try RawClient(port: port)
                client.send((0..<50).map { "GET /\($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined())
                return try (0..<50).map { _ in try client.response().text }
            }
            #expect(texts == (0..<50).map { "/\($0)" })
        }
    }

    @Test(arguments: ["Connection: close\r\n", ""])
    func connectionIsClosedWhenAsked(fields: String) async throws {
        let answer = Response(status: 200, fields: fields.isEmpty ? ["Connection": "close"] : [:], text: "x")
        try await withServer { _ in
            answer
        } _: { server in
            let port = server.port
            try await onThread {
                let client = try RawClient(port: port)
                #expect(try client.get("/", fields)["Connection"]?.lowercased() == "close")
                #expect(client.isClosedByServer())
            }
        }
    }

    @Test(arguments: [204, 304])
    func statusWithoutBodyKeepsTheConnectionInStep(status: Int) async throws {
        try await withServer { request in
            Response(status: request.method == "PUT" ? status : 200, text: "")
        } _: { server in
            let port = server.port
            try await onThread {
                let client = try RawClient(port: port)
                client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab")
                #expect(try client.response().status == status)
                #expect(try client.get("/").status == 200)
            }
        }
    }

    @Test func continueIsSentBeforeTheBody() async throws {
        try await withServer {
            Response(status: 200, body: .bytes($0.body))
        } _: { server in
            let port = server.port
            try await onThread {
                let client = try RawClient(port: port)
                client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
                #expect(try client.responseHead().status == 100)
                client.send("ab")
                #expect(try client.response().text == "ab")
            }
        }
    }

    @Test func fieldsOfTheAnswerArrive() async throws {
        let fields: HeaderFields = ["ETag": "\"a\"", "X-Two": "1", "X-two": "2", "Link": "</a>; rel=next"]
        try await withServer { _ in
            Response(status: 201, fields: fields, text: "")
        } _: { server in
            let port = server.port
            let response = try await onThread { try RawClient(port: port).get("/") }
            #expect(response.status == 201 && response["ETag"] == "\"a\"" && response["Date"] != nil)
            #expect(response.fields.filter { $0.name.lowercased() == "x-two" }.map(\.value) == ["1", "2"])
            #expect(response["Link"] == "</a>; rel=next" && response["Content-Length"] == "0")
        }
    }

    @Test(arguments: [
        ("X-A", "a\r\nX-B: b"), ("X-A", "a\nb"), ("X-A", "a\0b"), ("X A", "b"), ("", "b"), ("X-A\r\nB", "c"),
        ("Content-Length", "1"), ("Transfer-Encoding", "chunked"),
        ("X-A", String(repeating: "a", count: 20_000)),
    ])
    func fieldThatWouldBreakTheAnswerIsNotSent(name: String, value: String) async throws {
        var fields = HeaderFields()
        fields.add(name, value)
        let answer = Response(status: 200, fields: fields, text: "secret")
        try await withServer { _ in
            answer
        } _: { server in
            let port = server.port
            let response = try await onThread { try RawClient(port: port).get("/") }
            #expect(response.status == 500 && response.text == "badResponse" && response["X-B"] == nil)
        }
    }

    @Test func curlUnderstandsUs() async throws {
        try await withServer(handler: Self.describe) { server in
            let port = server.port
            let output = try await onThread {
                let command = "curl -sS -X PATCH --data-binary @- 'http://127.0.0.1:\(port)/p?a=b' <<< 'body'"
                guard let pipe = popen("bash -c \"\(command)\"", "r") else { return "" }
                var output: [UInt8] = []
                var chunk = [UInt8](repeating: 0, count: 4_096)
                while case let count = fread(&chunk, 1, chunk.count, pipe), count > 0 {
                    output += chunk[..<count]
                }
                pclose(pipe)
                return String(decoding: output, as: UTF8.self)
            }
            #expect(output.hasPrefix("PATCH\n/p\na=b\n") && output.hasSuffix("\nbody\n\nplain"))
        }
    }
}
