import NIOCore

@testable import RPC

/// Cuts a stream into messages twice, whole and in pieces, and by the simplest code there is.
///
/// The first byte of an input says how the pieces are cut; the rest is the stream.
enum DeframerFuzz {
    private static let limit = 600

    /// What came out of a stream.
    private struct Outcome: Equatable {
        var messages: [[UInt8]] = []
        var error: MessageDeframer.Step?
        var isInsideMessage = false
    }

    static func run(_ input: [UInt8]) {
        let stream = Array(input.dropFirst())
        let expected = self.simplest(stream)
        require(self.deframe(stream, chunk: max(1, stream.count)) == expected, "a whole stream")
        require(self.deframe(stream, chunk: Int(input.first ?? 0) + 1) == expected, "a stream in pieces")
    }

    private static func deframe(_ stream: [UInt8], chunk: Int) -> Outcome {
        var deframer = MessageDeframer()
        var outcome = Outcome()
        var rest = stream[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(chunk))
            rest = rest.dropFirst(chunk)
            var offset = 0
            loop: while true {
                let step = deframer.next(in: piece.span.bytes, from: &offset, limit: self.limit)
                require(offset <= piece.count, "an offset inside the chunk")
                require(deframer.keptByteCount <= self.limit, "no more is kept than a message may have")
                switch step {
                case .needsMore:
                    require(offset == piece.count, "a chunk is used up")
                    break loop
                case .message(let range): outcome.messages.append(Array(piece[range]))
                case .collected(let message): outcome.messages.append(Array(message.readableBytesView))
                case .tooLarge, .compressed, .malformed:
                    outcome.error = step
                    return outcome
                }
            }
        }
        outcome.isInsideMessage = deframer.isInsideMessage
        return outcome
    }

    private static func simplest(_ stream: [UInt8]) -> Outcome {
        var outcome = Outcome()
        var rest = stream[...]
        while rest.count >= 5 {
            let length = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
            switch rest.first {
            case 0: break
            case 1: outcome.error = .compressed
            default: outcome.error = .malformed
            }
            if outcome.error == nil, length > self.limit { outcome.error = .tooLarge(length) }
            guard outcome.error == nil else { return outcome }
            guard rest.count >= 5 + length else { break }
            outcome.messages.append(Array(rest.dropFirst(5).prefix(length)))
            rest = rest.dropFirst(5 + length)
        }
        outcome.isInsideMessage = !rest.isEmpty
        return outcome
    }
}
