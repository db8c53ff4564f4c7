import EtcdAPI
import NIOCore
import Testing

@Suite struct ProtoWriterTests {
    @Test("a varint has the computed size and is read back", arguments: 0..<64)
    func varintsAtEveryBit(bit: Int) {
        for value in [UInt64(1) << UInt64(bit), (UInt64(1) << UInt64(bit)) &- 1, ~0 << UInt64(bit)] {
            let bytes = written(ProtoSize.varint(value)) { $0.varint(value) }
            var cursor = ProtoCursor(0..<bytes.count)
            let read = cursor.varint(in: bytes.span.bytes)
            #expect(read == value)
            #expect(cursor.isAtEnd)
        }
    }

    @Test func zeroAndFalseAreLeftOut() {
        let bytes = written(0) { writer in
            writer.field(0x08, Int64(0))
            writer.field(0x08, false)
        }
        #expect(bytes.isEmpty)
    }

    @Test func anEmptyDelimitedFieldIsWritten() {
        let bytes = written(2) { $0.delimited(0x12, UnsafeRawBufferPointer(start: nil, count: 0)) }
        #expect(bytes == [0x12, 0x00])
    }

    @Test func aMessageIsAppendedBehindWhatTheBufferHolds() {
        var buffer = ByteBuffer(bytes: [9, 9])
        buffer.writeMessage(byteCount: 2) { $0.field(0x18, true) }
        #expect(Array(buffer.readableBytesView) == [9, 9, 0x18, 1])
    }

    @Test func writingMoreThanAnnouncedTraps() async {
        await #expect(processExitsWith: .failure) {
            var buffer = ByteBuffer()
            buffer.writeMessage(byteCount: 2) { $0.field(0x08, Int64(300)) }
        }
    }

    @Test func writingLessThanAnnouncedTraps() async {
        await #expect(processExitsWith: .failure) {
            var buffer = ByteBuffer()
            buffer.writeMessage(byteCount: 4) { $0.field(0x08, Int64(300)) }
        }
    }
}
