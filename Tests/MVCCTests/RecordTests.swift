import EtcdAPI
import Foundation
import NIOCore
import SwiftProtobuf
import TestSupport
import Testing

@testable import MVCC

@Suite struct RecordTests {
    /// The fields of one record.
    struct Fields: CustomStringConvertible {
        var key: [UInt8]
        var value: [UInt8] = []
        var create: Int64 = 2
        var mod: Int64 = 2
        var version: Int64 = 1
        var lease: Int64 = 0

        var description: String {
            "key of \(self.key.count) bytes, value of \(self.value.count), \(self.create) \(self.mod)"
                + " \(self.version) \(self.lease)"
        }

        var record: Record {
            Record(
                key: ByteBuffer(bytes: self.key),
                value: ByteBuffer(bytes: self.value),
                createRevision: self.create,
                modRevision: self.mod,
                sub: 3,
                version: self.version,
                lease: self.lease
            )
        }

        var message: Mvccpb_KeyValue {
            var message = Mvccpb_KeyValue()
            message.key = Data(self.key)
            message.value = Data(self.value)
            message.createRevision = self.create
            message.modRevision = self.mod
            message.version = self.version
            message.lease = self.lease
            return message
        }
    }

    private static let numbers: [Int64] = [
        0, 1, 127, 128, 16_383, 16_384, 1 << 32, Int64.max, Int64.min, -1,
    ]

    private static let samples: [Fields] =
        numbers.map { Fields(key: [0x61], value: [0x62], create: $0, mod: $0, version: $0, lease: $0) }
        + [0, 1, 127, 128, 129, 16_383, 16_384, 70_000].map {
            Fields(key: [0x61], value: [UInt8](repeating: 0xab, count: $0), mod: 300, lease: 77)
        }
        + [1, 127, 128, 16_384].map { Fields(key: [UInt8](repeating: 0x00, count: $0), value: [0xff]) }

    private func encoded(_ record: Record) -> [UInt8] {
        record.withUnsafeEncoded { Array($0) }
    }

    private func record(_ bytes: [UInt8], isTombstone: Bool = false) -> Record? {
        bytes.withUnsafeBytes { Record(encoded: $0, sub: 9, isTombstone: isTombstone) }
    }

    @Test(arguments: samples)
    func aRecordIsTheEncodedKeyValueMessage(fields: Fields) throws {
        let record = fields.record
        let expected: [UInt8] = try fields.message.serializedBytes()
        #expect(self.encoded(record) == expected)
        #expect(record.encodedByteCount == self.encoded(record).count)
        #expect(record.createRevision == fields.create)
        #expect(record.modRevision == fields.mod)
        #expect(record.version == fields.version)
        #expect(record.lease == fields.lease)
        #expect(record.sub == 3)
        #expect(!record.isTombstone)
        #expect(record.key == ByteBuffer(bytes: fields.key))
        #expect(record.value == ByteBuffer(bytes: fields.value))
        #expect(record.keyByteCount == fields.key.count)
        #expect(record.valueByteCount == fields.value.count)
    }

    @Test(arguments: samples)
    func anEncodedRecordIsRestoredWithItsBytes(fields: Fields) throws {
        let bytes = self.encoded(fields.record)
        let restored = try #require(self.record(bytes, isTombstone: true))
        #expect(self.encoded(restored) == bytes)
        #expect(restored.createRevision == fields.create)
        #expect(restored.modRevision == fields.mod)
        #expect(restored.version == fields.version)
        #expect(restored.lease == fields.lease)
        #expect(restored.key == ByteBuffer(bytes: fields.key))
        #expect(restored.value == ByteBuffer(bytes: fields.value))
        #expect(restored.sub == 9)
        #expect(restored.isTombstone)
    }

    @Test func aTombstoneHasOnlyItsKeyAndItsRevision() throws {
        let put = Fields(key: [0x61, 0x00], value: [1, 2, 3], create: 5, mod: 6, version: 7, lease: 8).record
        let tombstone = Record(tombstoneOf: put, modRevision: 900, sub: 4)
        var message = Mvccpb_KeyValue()
        message.key = Data([0x61, 0x00])
        message.modRevision = 900
        let expected: [UInt8] = try message.serializedBytes()
        #expect(self.encoded(tombstone) == expected)
        #expect(tombstone.isTombstone)
        #expect(tombstone.sub == 4)
        #expect(tombstone.value.readableBytes == 0)
        #expect([tombstone.createRevision, tombstone.version, tombstone.lease] == [0, 0, 0])
    }

    @Test func fieldsInAnyOrderAndUnknownOnesAreUnderstood() throws {
        // lease 5, unknown varint 9, unknown bytes 10, fixed32 11, fixed64 12, value, key.
        let bytes: [UInt8] =
            [0x30, 5, 0x48, 1, 0x52, 2, 0xaa, 0xbb, 0x5d, 1, 2, 3, 4, 0x61, 1, 2, 3, 4, 5, 6, 7, 8]
            + [0x2a, 1, 0x76, 0x0a, 2, 0x6b, 0x65]
        let record = try #require(self.record(bytes))
        #expect(record.key == ByteBuffer(string: "ke"))
        #expect(record.value == ByteBuffer(string: "v"))
        #expect(record.lease == 5)
        #expect(record.modRevision == 0)
    }

    @Test(
        arguments: [
            ("nothing at all", []),
            ("no key", [0x18, 2]),
            ("an empty key", [0x0a, 0, 0x18, 2]),
            ("a tag without a value", [0x0a, 1, 0x6b, 0x18]),
            ("a key longer than the message", [0x0a, 3, 0x6b]),
            (
                "a length beyond all memory",
                [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x6b]
            ),
            ("a varint that does not end", [0x0a, 1, 0x6b, 0x18, 0x80]),
            ("a varint of eleven bytes", [0x0a, 1, 0x6b, 0x18] + [UInt8](repeating: 0x80, count: 10) + [1]),
            ("field number zero", [0x0a, 1, 0x6b, 0x00, 0x00]),
            ("a fixed field cut short", [0x0a, 1, 0x6b, 0x5d, 1, 2]),
            ("an unknown wire type", [0x0a, 1, 0x6b, 0x5f]),
        ] as [(String, [UInt8])]
    )
    func malformedBytesAreNoRecord(what: String, bytes: [UInt8]) {
        #expect(self.record(bytes) == nil)
    }

    @Test func aRecordCutShortIsNoRecordUnlessWholeFieldsAreLeft() {
        let bytes = self.encoded(
            Fields(key: [0x61, 0x62], value: [1, 2, 3], create: 300, mod: 400, version: 500, lease: 600)
                .record
        )
        for count in 0..<bytes.count {
            let prefix = Array(bytes.prefix(count))
            let message = try? Mvccpb_KeyValue(serializedBytes: prefix)
            #expect((self.record(prefix) != nil) == (message?.key.isEmpty == false), "\(count) bytes")
        }
    }

    /// Whatever is done to the bytes: what we accept, swift-protobuf reads as the same fields.
    @Test(arguments: 0..<4 as Range<UInt64>)
    func damagedBytesNeverMeanSomethingElse(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var accepted = 0
        for _ in 0..<500 {
            var bytes = self.encoded(
                Fields(
                    key: (0..<(1 + random.below(4))).map { _ in UInt8(random.below(256)) },
                    value: (0..<random.below(200)).map { _ in UInt8(random.below(256)) },
                    mod: Int64(random.below(100_000)),
                    lease: Int64(bitPattern: random.next())
                ).record
            )
            for _ in 0..<(1 + random.below(3)) {
                bytes[random.below(bytes.count)] = UInt8(random.below(256))
            }
            if random.chance(20) { bytes.removeLast(random.below(bytes.count)) }
            guard let record = self.record(bytes) else { continue }
            accepted += 1
            let message = try Mvccpb_KeyValue(serializedBytes: bytes)
            #expect(record.key == ByteBuffer(bytes: message.key), "\(bytes)")
            #expect(record.value == ByteBuffer(bytes: message.value), "\(bytes)")
            #expect(record.createRevision == message.createRevision, "\(bytes)")
            #expect(record.modRevision == message.modRevision, "\(bytes)")
            #expect(record.version == message.version, "\(bytes)")
            #expect(record.lease == message.lease, "\(bytes)")
        }
        #expect(accepted > 50)
    }
}
