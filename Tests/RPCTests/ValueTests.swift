import NIOCore
import Testing

@testable import RPC

@Suite struct ValueTests {
    @Test(
        "messages are percent-encoded",
        arguments: [
            ("", ""), ("plain text ~", "plain text ~"), ("100%", "100%25"), ("a\nb", "a%0Ab"),
            ("\u{7f}", "%7F"), ("日", "%E6%97%A5"),
        ]
    )
    func percentEncoding(message: String, expected: String) {
        #expect(String(decoding: RPCStatus.percentEncoded(message), as: UTF8.self) == expected)
    }

    @Test func everyCodeHasItsNumber() {
        #expect(RPCCode.allCases.map(\.rawValue) == Array(0...16))
        #expect(Set(RPCCode.allCases.map(\.name)).count == 17)
    }

    @Test func everyMethodIsFoundByItsPathAndNothingElseIs() {
        let paths = (0..<200).map { "/service.S\($0 / 10)/Method\($0)" }
        let table = RPCMethodTable(paths.map { ($0, .unary) })
        for (number, path) in paths.enumerated() {
            #expect(table.index(of: Array(path.utf8).span) == number)
            #expect(table.path(of: number) == path)
        }
        for path in ["", "/", "/service.S0/Method", "/service.S0/Method00", "/service.S1/Method0"] {
            #expect(table.index(of: Array(path.utf8).span) == nil)
        }
    }

    @Test(
        "timeouts are read",
        arguments: [
            ("1H", .nanoseconds(3_600_000_000_000)), ("2M", .nanoseconds(120_000_000_000)),
            ("10S", .nanoseconds(10_000_000_000)), ("5m", .nanoseconds(5_000_000)),
            ("5u", .nanoseconds(5_000)),
            ("99999999n", .nanoseconds(99_999_999)), ("0S", .nanoseconds(0)), ("99999999H", .none),
            ("S", .malformed), ("1", .malformed), ("1d", .malformed), ("123456789n", .malformed),
            ("-1S", .malformed),
        ] as [(String, RequestHead.Timeout)]
    )
    func timeout(text: String, expected: RequestHead.Timeout) {
        #expect(RequestHead.timeout(Array(text.utf8).span) == expected)
    }

    @Test(
        "protocols are told apart by the first bytes",
        arguments: [
            ("", .undecided), ("P", .undecided), ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .http2),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nmore", .http2), ("PUT / HTTP/1.1", .http1), ("GET", .http1),
            ("PRI * HTTP/1.1\r\n", .http1),
        ] as [(String, ProtocolSniffer.Verdict)]
    )
    func sniffing(text: String, expected: ProtocolSniffer.Verdict) {
        #expect(ProtocolSniffer.verdict(ByteBuffer(string: text).readableBytesView) == expected)
    }
}

@Suite struct OutputQueueTests {
    private func taken(_ queue: inout OutputQueue, _ count: Int) -> [UInt8] {
        var output = ByteBuffer()
        queue.take(count, into: &output)
        return Array(output.readableBytesView)
    }

    @Test func aMessageIsItsPrefixAndItsBytes() {
        var queue = OutputQueue()
        queue.appendMessage(byteCount: 3) { $0.copyBytes(from: [7, 8, 9]) }
        let byteCount = queue.byteCount
        #expect(byteCount == 8)
        #expect(self.taken(&queue, 8) == [0, 0, 0, 0, 3, 7, 8, 9])
        let isEmpty = queue.isEmpty
        #expect(isEmpty)
    }

    @Test func aSharedPieceIsNotCopiedAndIsReleasedOnceTaken() {
        var queue = OutputQueue()
        var shared = ByteBuffer(bytes: [UInt8](repeating: 5, count: 1_000))
        let before = shared.withVeryUnsafeBytes { $0.baseAddress }
        queue.append(shared)
        _ = self.taken(&queue, 1_000)
        // Written in place, because nobody else holds the storage any more.
        shared.setInteger(UInt8(6), at: 0)
        #expect(shared.withVeryUnsafeBytes { $0.baseAddress } == before)
    }

    @Test("any mix of pieces comes out in order", arguments: 0..<50)
    func anyMix(seed: Int) {
        var generator = SplitMix(state: UInt64(seed))
        var queue = OutputQueue()
        var expected: [UInt8] = []
        var seen: [UInt8] = []
        var next: UInt8 = 0
        for _ in 0..<300 {
            if generator.next() % 5 < 3 {
                let count = Int(generator.next() % (generator.next() % 8 == 0 ? 3_000 : 40))
                let bytes = (0..<count).map { _ in
                    next &+= 1
                    return next
                }
                expected += bytes
                switch generator.next() % 3 {
                case 0: queue.append(byteCount: count) { $0.copyBytes(from: bytes) }
                case 1: queue.append(ByteBuffer(bytes: bytes))
                default: queue.append(copying: ByteBuffer(bytes: bytes))
                }
            } else {
                seen += self.taken(&queue, Int(generator.next() % UInt64(queue.byteCount + 1)))
            }
            let byteCount = queue.byteCount
            #expect(byteCount == expected.count - seen.count)
        }
        seen += self.taken(&queue, queue.byteCount)
        #expect(seen == expected)
    }
}
