import EtcdAPI
import SwiftProtobuf
import TestSupport
import Testing

@Suite struct FastRequestTests {
    @Test("decodes range requests as swift-protobuf does", arguments: 0..<16)
    func decodesRanges(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let message = random.rangeRequest()
            let bytes = try message.encoded()
            let decoded = FastRangeRequest.decode(bytes.span.bytes)
            let request = try #require(decoded)
            Self.expect(request, in: bytes, equals: message)
        }
    }

    @Test("decodes damaged range requests as swift-protobuf does", arguments: 0..<32)
    func decodesDamagedRanges(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            var bytes = try random.rangeRequest().encoded()
            for _ in 0..<Int.random(in: 1...3, using: &random) { random.damage(&bytes) }
            let request = FastRangeRequest.decode(bytes.span.bytes)
            guard let expected = Etcdserverpb_RangeRequest.decoded(bytes), !expected.hasUnknownGroup else {
                #expect(request == nil)
                continue
            }
            Self.expect(try #require(request), in: bytes, equals: expected)
        }
    }

    @Test("decodes put requests as swift-protobuf does", arguments: 0..<16)
    func decodesPuts(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let message = random.putRequest()
            let bytes = try message.encoded()
            let decoded = FastPutRequest.decode(bytes.span.bytes)
            let request = try #require(decoded)
            Self.expect(request, in: bytes, equals: message)
        }
    }

    @Test("decodes damaged put requests as swift-protobuf does", arguments: 0..<32)
    func decodesDamagedPuts(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            var bytes = try random.putRequest().encoded()
            for _ in 0..<Int.random(in: 1...3, using: &random) { random.damage(&bytes) }
            let request = FastPutRequest.decode(bytes.span.bytes)
            guard let expected = Etcdserverpb_PutRequest.decoded(bytes), !expected.hasUnknownGroup else {
                #expect(request == nil)
                continue
            }
            Self.expect(try #require(request), in: bytes, equals: expected)
        }
    }

    @Test("decodes pure noise as swift-protobuf does", arguments: 0..<16)
    func decodesNoise(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<1_000 {
            let count = Int.random(in: 0..<24, using: &random)
            var bytes: [UInt8] = []
            for _ in 0..<count { bytes.append(UInt8.random(in: 0...255, using: &random) & 0x6f) }
            let request = FastRangeRequest.decode(bytes.span.bytes)
            guard let expected = Etcdserverpb_RangeRequest.decoded(bytes), !expected.hasUnknownGroup else {
                #expect(request == nil)
                continue
            }
            Self.expect(try #require(request), in: bytes, equals: expected)
        }
    }

    @Test func everyTruncationOfAFullRequestIsRefusedOrShorter() throws {
        var random = SeededGenerator(seed: 7)
        let bytes = try random.rangeRequest().encoded()
        for count in 0..<min(bytes.count, 400) {
            let part = Array(bytes[..<count])
            let request = FastRangeRequest.decode(part.span.bytes)
            #expect((request == nil) == (Etcdserverpb_RangeRequest.decoded(part) == nil))
        }
    }

    @Test func theLastOfARepeatedFieldWins() {
        let bytes: [UInt8] = [0x0a, 1, 0x61, 0x0a, 2, 0x62, 0x63, 0x18, 5, 0x18, 6, 0x0a, 1, 0x64]
        let request = FastRangeRequest.decode(bytes.span.bytes)
        #expect(request.map { Array(bytes[$0.key]) } == [0x64])
        #expect(request?.limit == 6)
    }

    @Test func aFieldOfAnotherWireTypeIsSkipped() {
        let bytes: [UInt8] = [0x08, 1, 0x1a, 1, 9, 0x0a, 1, 0x61]
        let request = FastPutRequest.decode(bytes.span.bytes)
        #expect(request.map { Array(bytes[$0.key]) } == [0x61])
        #expect(request?.lease == 0)
    }

    @Test func anEnumerationIsTheLowHalfOfItsVarintAndABooleanIsAnyBit() throws {
        let bytes: [UInt8] = [0x28, 0x82, 0x80, 0x80, 0x80, 0x10, 0x40, 0x80, 0x80, 0x80, 0x80, 0x10]
        let decoded = FastRangeRequest.decode(bytes.span.bytes)
        let request = try #require(decoded)
        #expect(request.sortOrder == 2)
        #expect(request.keysOnly)
        Self.expect(request, in: bytes, equals: try Etcdserverpb_RangeRequest(serializedBytes: bytes))
    }

    @Test func anEmptyMessageIsARequestOfDefaults() {
        let bytes: [UInt8] = []
        let range = FastRangeRequest.decode(bytes.span.bytes)
        let put = FastPutRequest.decode(bytes.span.bytes)
        #expect(range?.key.isEmpty == true)
        #expect(range?.limit == 0)
        #expect(put?.key.isEmpty == true)
        #expect(put?.lease == 0)
    }

    private static func expect(
        _ request: FastRangeRequest,
        in bytes: [UInt8],
        equals message: Etcdserverpb_RangeRequest,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let here = sourceLocation
        #expect(Array(bytes[request.key]) == Array(message.key), sourceLocation: here)
        #expect(Array(bytes[request.rangeEnd]) == Array(message.rangeEnd), sourceLocation: here)
        #expect(request.limit == message.limit, sourceLocation: here)
        #expect(request.revision == message.revision, sourceLocation: here)
        #expect(request.sortOrder == message.sortOrder.rawValue, sourceLocation: here)
        #expect(request.sortTarget == message.sortTarget.rawValue, sourceLocation: here)
        #expect(request.serializable == message.serializable, sourceLocation: here)
        #expect(request.keysOnly == message.keysOnly, sourceLocation: here)
        #expect(request.countOnly == message.countOnly, sourceLocation: here)
        #expect(request.minModRevision == message.minModRevision, sourceLocation: here)
        #expect(request.maxModRevision == message.maxModRevision, sourceLocation: here)
        #expect(request.minCreateRevision == message.minCreateRevision, sourceLocation: here)
        #expect(request.maxCreateRevision == message.maxCreateRevision, sourceLocation: here)
    }

    private static func expect(
        _ request: FastPutRequest,
        in bytes: [UInt8],
        equals message: Etcdserverpb_PutRequest,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let here = sourceLocation
        #expect(Array(bytes[request.key]) == Array(message.key), sourceLocation: here)
        #expect(Array(bytes[request.value]) == Array(message.value), sourceLocation: here)
        #expect(request.lease == message.lease, sourceLocation: here)
        #expect(request.prevKV == message.prevKv, sourceLocation: here)
        #expect(request.ignoreValue == message.ignoreValue, sourceLocation: here)
        #expect(request.ignoreLease == message.ignoreLease, sourceLocation: here)
    }
}
