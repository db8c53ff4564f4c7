import NIOCore
import RPC
import TestSupport
import Testing

@Suite struct HTTPOverHTTP2Tests {
    private func head(_ method: String, _ path: String) -> [(String, String)] {
        [(":method", method), (":scheme", "http"), (":path", path), (":authority", "host.example")]
    }

    @Test func aPlainRequestIsAnsweredBesideCalls() throws {
        let pair = try Pair()
        let id = pair.client.request(self.head("GET", "/version?a=b") + [("accept", "*/*")])
        try pair.run()
        let response = pair.client.response(id)
        #expect(response.header(":status") == "200")
        #expect(response.header("content-type") == "text/plain")
        #expect(response.header("content-length") == "18")
        #expect(String(decoding: response.data, as: UTF8.self) == "GET /version?a=b 0")
        #expect(response.isClosed)
        let request = pair.session.requests[0]
        #expect(request.header("host") == "host.example")
        #expect(request.header("accept") == "*/*")
        #expect(try pair.call("/test.T/Echo", [1]).grpcStatus == 0)
        pair.close()
    }

    @Test func aBodyIsCollectedFirst() throws {
        let pair = try Pair()
        let fields = self.head("POST", "/v3/kv/range") + [("content-type", "application/json")]
        let id = pair.client.request(fields, body: pattern(100_000))
        try pair.run(chunk: 1_000)
        #expect(String(decoding: pair.client.response(id).data, as: UTF8.self) == "POST /v3/kv/range 100000")
        #expect(pair.session.requests[0].header("content-type") == "application/json")
        #expect(Array(pair.session.requests[0].body.readableBytesView) == pattern(100_000))
        pair.close()
    }

    @Test func aBodyOverTheLimitIsRefused() throws {
        var limits = RPCLimits()
        limits.maxBodyBytes = 10
        let pair = try Pair(limits: limits)
        let id = pair.client.request(self.head("POST", "/x"), body: pattern(11), ends: false)
        try pair.run()
        #expect(pair.client.response(id).header(":status") == "413")
        #expect(pair.client.response(id).isClosed)
        #expect(pair.session.requests.isEmpty)
        pair.close()
    }

    @Test func incompleteBodiesHaveACommonBound() throws {
        var limits = RPCLimits()
        limits.maxPartialBytes = 100_000
        let pair = try Pair(limits: limits)
        let ids = (0..<4).map { _ in
            pair.client.request(self.head("POST", "/x"), body: pattern(40_000), ends: false)
        }
        try pair.run()
        #expect(ids.filter { pair.client.response($0).header(":status") == "503" }.count == 2)
        for id in ids { pair.client.send([], on: id, ends: true) }
        try pair.run()
        #expect(pair.session.requests.count == 2)
        pair.close()
    }

    @Test func anAnswerToHEADHasNoBody() throws {
        let pair = try Pair()
        let id = pair.client.request(self.head("HEAD", "/version"))
        try pair.run()
        #expect(pair.client.response(id).data.isEmpty)
        #expect(pair.client.response(id).header("content-length") == "15")
        #expect(pair.client.response(id).isClosed)
        pair.close()
    }

    @Test func anAnswerMayBeStreamedAndEndsWithTheClient() throws {
        let pair = try Pair()
        pair.session.onRequest = nil
        let id = pair.client.request(self.head("GET", "/stream"))
        try pair.run()
        let exchange = pair.session.exchanges[0]
        var closeCount = 0
        exchange.onClosed = { closeCount += 1 }
        exchange.begin(status: 200, headers: [("content-type", "application/json")])
        exchange.write(ByteBuffer(string: "{}\n"))
        exchange.write(ByteBuffer(string: "{}\n"))
        try pair.run()
        #expect(String(decoding: pair.client.response(id).data, as: UTF8.self) == "{}\n{}\n")
        #expect(!pair.client.response(id).isClosed)
        pair.client.reset(id)
        try pair.run()
        #expect(exchange.isEnded)
        #expect(closeCount == 1)
        exchange.write(ByteBuffer(string: "late"))
        exchange.end()
        pair.close()
        #expect(closeCount == 1)
    }
}
