import NIOCore
import Testing

@testable import RPC

@Suite struct MessageDeframerTests {
    /// Feeds `chunks` and returns the messages, and the step that ended it if that was an error.
    private func deframe(
        _ chunks: [[UInt8]],
        limit: Int = 100
    ) -> (messages: [[UInt8]], error: MessageDeframer.Step?, isInside: Bool) {
        var deframer = MessageDeframer()
        var messages: [[UInt8]] = []
        for chunk in chunks {
            var offset = 0
            feeding: while true {
                switch deframer.next(in: chunk.span.bytes, from: &offset, limit: limit) {
                case .needsMore: break feeding
                case .message(let range): messages.append(Array(chunk[range]))
                case .collected(let buffer): messages.append(Array(buffer.readableBytesView))
                case let error: return (messages, error, deframer.isInsideMessage)
                }
            }
        }
        return (messages, nil, deframer.isInsideMessage)
    }

    @Test(
        "messages are found",
        arguments: [
            ([], [], false),
            ([[0, 0, 0, 0, 0]], [[]], false),
            ([[0, 0, 0, 0, 1, 7]], [[7]], false),
            ([[0, 0, 0, 0, 1, 7, 0, 0, 0, 0, 2, 8, 9]], [[7], [8, 9]], false),
            ([[0, 0, 0, 0, 3, 7], [8, 9]], [[7, 8, 9]], false),
            ([[0, 0, 0], [0, 1, 7, 0]], [[7]], true),
            ([[0], [0], [0], [0], [1], [7]], [[7]], false),
            ([[0, 0, 0, 0, 2, 1], [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3]], [[1, 2], [], [3]], false),
            ([[0, 0, 0, 0, 5]], [], true),
        ] as [([[UInt8]], [[UInt8]], Bool)]
    )
    func finds(chunks: [[UInt8]], messages: [[UInt8]], isInside: Bool) {
        let result = self.deframe(chunks)
        #expect(result.messages == messages)
        #expect(result.error == nil)
        #expect(result.isInside == isInside)
    }

    @Test(
        "what is no message is named",
        arguments: [
            ([[1, 0, 0, 0, 1, 7]], .compressed),
            ([[2, 0, 0, 0, 1, 7]], .malformed),
            ([[0, 0, 0, 0, 101]], .tooLarge(101)),
            ([[0, 0xff, 0xff, 0xff], [0xff]], .tooLarge(4_294_967_295)),
        ] as [([[UInt8]], MessageDeframer.Step)]
    )
    func names(chunks: [[UInt8]], error: MessageDeframer.Step) {
        #expect(self.deframe(chunks).error == error)
    }

    @Test("any cut yields the same messages", arguments: 1...12)
    func anyCut(chunk: Int) {
        let messages: [[UInt8]] = (0..<40).map { Array(repeating: UInt8($0), count: $0 % 17) }
        let bytes: [UInt8] = messages.flatMap { [0, 0, 0, 0, UInt8($0.count)] + $0 }
        let chunks = stride(from: 0, to: bytes.count, by: chunk).map {
            Array(bytes[$0..<min($0 + chunk, bytes.count)])
        }
        #expect(self.deframe(chunks).messages == messages)
    }

    @Test func anAnnouncedLengthReservesNoMoreThanAFirstPiece() {
        var deframer = MessageDeframer()
        var offset = 0
        let chunk: [UInt8] = [0, 0x7f, 0, 0, 0, 1]
        #expect(deframer.next(in: chunk.span.bytes, from: &offset, limit: .max) == .needsMore)
        #expect(deframer.keptByteCount == 1)
        #expect(deframer.keptCapacity <= 65_536)
    }
}
