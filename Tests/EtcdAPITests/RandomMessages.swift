import EtcdAPI
import Foundation
import TestSupport

extension SeededGenerator {
    /// Any 64-bit value, with those at the borders of a varint's sizes and the negative ones often among
    /// them.
    mutating func int64() -> Int64 {
        switch Int.random(in: 0..<6, using: &self) {
        case 0: 0
        case 1: Int64.random(in: 1...300, using: &self)
        case 2: [1, -1, 127, 128, 16_383, 16_384, .max, .min].randomElement(using: &self) ?? 0
        case 3: Int64(bitPattern: self.next() >> UInt64.random(in: 0..<64, using: &self))
        case 4: -Int64(bitPattern: self.next() >> UInt64.random(in: 1..<64, using: &self))
        default: Int64(bitPattern: self.next())
        }
    }

    mutating func bool() -> Bool { Bool.random(using: &self) }

    /// Any bytes: none, a few, or rarely enough for a length of two or three varint bytes.
    mutating func bytes() -> Data {
        let count =
            switch Int.random(in: 0..<20, using: &self) {
            case 0..<3: 0
            case 3..<16: Int.random(in: 1...40, using: &self)
            case 16..<19: Int.random(in: 120...140, using: &self)
            default: Int.random(in: 16_370...16_390, using: &self)
            }
        var bytes = Data(repeating: UInt8(truncatingIfNeeded: self.next()), count: count)
        for index in 0..<min(count, 16) { bytes[index] = UInt8(truncatingIfNeeded: self.next()) }
        return bytes
    }

    mutating func header() -> ResponseHeader {
        ResponseHeader(
            clusterID: UInt64(bitPattern: self.int64()),
            memberID: UInt64(bitPattern: self.int64()),
            revision: self.int64(),
            raftTerm: UInt64(bitPattern: self.int64())
        )
    }

    mutating func keyValue() -> Mvccpb_KeyValue {
        var message = Mvccpb_KeyValue()
        message.key = self.bytes()
        message.value = self.bytes()
        message.createRevision = self.int64()
        message.modRevision = self.int64()
        message.version = self.int64()
        message.lease = self.int64()
        return message
    }

    mutating func keyValues() -> [Mvccpb_KeyValue] {
        let count = Int.random(in: 0..<5, using: &self)
        var messages: [Mvccpb_KeyValue] = []
        for _ in 0..<count { messages.append(self.keyValue()) }
        return messages
    }

    mutating func rangeRequest() -> Etcdserverpb_RangeRequest {
        var message = Etcdserverpb_RangeRequest()
        message.key = self.bytes()
        message.rangeEnd = self.bytes()
        message.limit = self.int64()
        message.revision = self.int64()
        message.sortOrder = .init(rawValue: Int.random(in: -2...4, using: &self)) ?? .none
        message.sortTarget = .init(rawValue: Int.random(in: -2...6, using: &self)) ?? .key
        message.serializable = self.bool()
        message.keysOnly = self.bool()
        message.countOnly = self.bool()
        message.minModRevision = self.int64()
        message.maxModRevision = self.int64()
        message.minCreateRevision = self.int64()
        message.maxCreateRevision = self.int64()
        return message
    }

    mutating func putRequest() -> Etcdserverpb_PutRequest {
        var message = Etcdserverpb_PutRequest()
        message.key = self.bytes()
        message.value = self.bytes()
        message.lease = self.int64()
        message.prevKv = self.bool()
        message.ignoreValue = self.bool()
        message.ignoreLease = self.bool()
        return message
    }

    /// Damages an encoded message in one of the ways that reach the parser's branches.
    mutating func damage(_ bytes: inout [UInt8]) {
        let position = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &self)
        switch Int.random(in: 0..<6, using: &self) {
        case 0: bytes.removeSubrange(position...)
        case 1 where !bytes.isEmpty: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &self)
        case 2 where !bytes.isEmpty: bytes[position] = UInt8.random(in: 0...255, using: &self)
        case 3: bytes.insert(UInt8.random(in: 0...255, using: &self), at: position)
        case 4: bytes.append(contentsOf: self.unknownField())
        default: bytes.append(contentsOf: bytes[position...])
        }
    }

    /// A field that is well formed but not known, or known with another wire type.
    private mutating func unknownField() -> [UInt8] {
        let number = [1, 2, 5, 7, 14, 200, 536_870_911].randomElement(using: &self) ?? 14
        let wire = [0, 1, 2, 5].randomElement(using: &self) ?? 0
        var field = Self.varint(UInt64(number << 3 | wire))
        switch wire {
        case 0: field += Self.varint(UInt64(bitPattern: self.int64()))
        case 1: field += [UInt8](repeating: 7, count: 8)
        case 2: field += [3, 1, 2, 3]
        default: field += [UInt8](repeating: 7, count: 4)
        }
        return field
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}
