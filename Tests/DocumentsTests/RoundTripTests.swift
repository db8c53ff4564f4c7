import Documents
import Foundation
import TestSupport
import Testing

/// What is written is read as the same, by us and by Foundation.
@Suite struct RoundTripTests {
    @Test("what is written is read back as the same value", arguments: 0..<8)
    func writesWhatItReads(_ seed: UInt64) throws {
        var documents = RandomDocuments(random: SeededGenerator(seed: seed))
        for _ in 0..<60 {
            let value = documents.value()
            let compact = JSONWriter.write(value)
            let back = try JSONReader.read(compact)
            #expect(back == value)
            #expect(JSONWriter.write(back) == compact)
            #expect(try JSONReader.read(JSONWriter.writePretty(value)) == value)
            #expect(try json(text(value.canonical)).canonical == value.canonical)
            let written = YAMLWriter.write(value)
            if value == .null {
                #expect(try YAMLReader.readAll(written) == [])
            } else {
                #expect(try YAMLReader.read(written) == value, "\(String(decoding: written, as: UTF8.self))")
            }
            let several = Array("---\n".utf8) + written + Array("---\n".utf8) + YAMLWriter.write(["end"])
            #expect(try YAMLReader.readAll(several) == (value == .null ? [] : [value]) + [["end"]])
            let oracle = try JSONSerialization.jsonObject(with: Data(compact), options: .fragmentsAllowed)
            #expect(Self.matches(value, oracle), "\(text(value))")
        }
    }

    @Test("what Foundation and we both read of damaged documents is the same", arguments: 0..<8)
    func agreesWithFoundation(_ seed: UInt64) throws {
        var documents = RandomDocuments(random: SeededGenerator(seed: 1_000 + seed))
        var acceptedCount = 0
        for _ in 0..<400 {
            let value = documents.value(depth: 1)
            let bytes = documents.mutation(of: JSONWriter.write(value))
            guard let read = try? JSONReader.read(bytes) else { continue }
            acceptedCount += 1
            #expect(try JSONReader.read(JSONWriter.write(read)) == read)
            #expect(try JSONReader.read(JSONWriter.writePretty(read)) == read)
            // Foundation is wrong about some valid texts; what it reads must be what we read.
            if let oracle = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed) {
                #expect(Self.matches(read, oracle), "\(String(decoding: bytes, as: UTF8.self))")
            }
            // JSON is YAML, but for what YAML cannot say.
            if let other = try? YAMLReader.read(bytes), other != read {
                #expect(Bool(false), "as YAML: \(String(decoding: bytes, as: UTF8.self))")
            }
        }
        #expect(acceptedCount > 20)
    }

    @Test("damaged YAML is read or refused, and what is read can be written", arguments: 0..<8)
    func survivesDamagedYAML(_ seed: UInt64) throws {
        var documents = RandomDocuments(random: SeededGenerator(seed: 2_000 + seed))
        var acceptedCount = 0
        for _ in 0..<250 {
            let value = documents.value(depth: 1)
            let bytes = documents.mutation(of: YAMLWriter.write(value))
            guard let all = try? YAMLReader.readAll(bytes) else { continue }
            for read in all {
                acceptedCount += 1
                #expect(try YAMLReader.read(YAMLWriter.write(read)) == read)
                #expect(try JSONReader.read(JSONWriter.write(read)) == read)
            }
        }
        #expect(acceptedCount > 20)
    }

    private static func matches(_ value: DocumentValue, _ oracle: Any) -> Bool {
        switch value {
        case .null: return oracle is NSNull
        case .bool(let bool): return oracle as? Bool == bool
        case .integer(let number): return (oracle as? NSNumber)?.int64Value == number
        case .number(let number):
            return (oracle as? NSNumber).map { Self.isClose($0.doubleValue, number) } ?? false
        case .string(let text): return (oracle as? String).map { Self.plain($0) == Self.plain(text) } ?? false
        case .array(let elements):
            guard let others = oracle as? [Any], others.count == elements.count else { return false }
            return zip(elements, others).allSatisfy { Self.matches($0, $1) }
        case .object(let object):
            guard let others = oracle as? [String: Any] else { return false }
            // A dictionary merges names that Unicode calls equivalent.
            return others.allSatisfy { name, other in
                object.members.contains {
                    Self.plain($0.name) == Self.plain(name) && Self.matches($0.value, other)
                }
            }
        }
    }

    /// Foundation reads some numbers as decimal ones and rounds twice.
    private static func isClose(_ one: Double, _ other: Double) -> Bool {
        one == other || abs(one - other) <= other.magnitude * 1e-14 || other.magnitude < 1e-120
    }

    /// Foundation drops byte order marks inside text.
    private static func plain(_ text: String) -> [UInt8] {
        Array(String(String.UnicodeScalarView(text.unicodeScalars.filter { $0 != "\u{feff}" })).utf8)
    }
}
