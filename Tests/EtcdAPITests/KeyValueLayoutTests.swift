import EtcdAPI
import TestSupport
import Testing

@Suite struct KeyValueLayoutTests {
    @Test("encodes as swift-protobuf does, with a layout that decoding finds again", arguments: 0..<16)
    func encodes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let message = random.keyValue()
            let expected = try message.encoded()
            var layout: KeyValueLayout?
            let bytes = written(Self.byteCount(of: message)) { layout = Self.write(message, into: &$0) }
            #expect(bytes == expected)
            let decoded = KeyValueLayout.decode(bytes.span.bytes)
            #expect(decoded?.createRevision == message.createRevision)
            #expect(decoded?.modRevision == message.modRevision)
            #expect(decoded?.version == message.version)
            #expect(decoded?.lease == message.lease)
            #expect(decoded.map { Array(bytes[$0.key]) } == Array(message.key))
            #expect(decoded.map { Array(bytes[$0.value]) } == Array(message.value))
            #expect(layout.map { Array(bytes[$0.key]) } == Array(message.key))
            #expect(layout.map { Array(bytes[$0.value]) } == Array(message.value))
        }
    }

    @Test func aLayoutIsRelativeToItsMessageWhereverThatIsWritten() {
        var message = Mvccpb_KeyValue()
        message.key = .init("key".utf8)
        message.value = .init("value".utf8)
        var layouts: [KeyValueLayout] = []
        _ = written(2 * Self.byteCount(of: message)) { writer in
            layouts.append(Self.write(message, into: &writer))
            layouts.append(Self.write(message, into: &writer))
        }
        #expect(layouts.count == 2)
        #expect(layouts.first == layouts.last)
    }

    @Test("blanks only the value", arguments: 0..<8)
    func writesWithoutValue(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            var message = random.keyValue()
            let encoded = try message.encoded()
            message.value = .init()
            let expected = try message.encoded()
            let decoded = KeyValueLayout.decode(encoded.span.bytes)
            let layout = try #require(decoded)
            let bytes = written(layout.byteCountWithoutValue) { writer in
                encoded.withUnsafeBytes { layout.writeWithoutValue(of: $0, into: &writer) }
            }
            #expect(bytes == expected)
        }
    }

    @Test("decodes damaged messages as swift-protobuf does", arguments: 0..<16)
    func decodesDamaged(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            var bytes = try random.keyValue().encoded()
            for _ in 0..<Int.random(in: 1...3, using: &random) { random.damage(&bytes) }
            let layout = KeyValueLayout.decode(bytes.span.bytes)
            guard let expected = Mvccpb_KeyValue.decoded(bytes), !expected.hasUnknownGroup else {
                #expect(layout == nil)
                continue
            }
            #expect(layout.map { Array(bytes[$0.key]) } == Array(expected.key))
            #expect(layout.map { Array(bytes[$0.value]) } == Array(expected.value))
            #expect(layout?.createRevision == expected.createRevision)
            #expect(layout?.modRevision == expected.modRevision)
            #expect(layout?.version == expected.version)
            #expect(layout?.lease == expected.lease)
        }
    }

    private static func byteCount(of message: Mvccpb_KeyValue) -> Int {
        KeyValueLayout.encodedByteCount(
            keyByteCount: message.key.count,
            valueByteCount: message.value.count,
            createRevision: message.createRevision,
            modRevision: message.modRevision,
            version: message.version,
            lease: message.lease
        )
    }

    private static func write(_ message: Mvccpb_KeyValue, into writer: inout ProtoWriter) -> KeyValueLayout {
        message.key.withUnsafeBytes { key in
            message.value.withUnsafeBytes { value in
                KeyValueLayout.encode(
                    key: key,
                    value: value,
                    createRevision: message.createRevision,
                    modRevision: message.modRevision,
                    version: message.version,
                    lease: message.lease,
                    into: &writer
                )
            }
        }
    }
}
