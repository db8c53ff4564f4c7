import EtcdAPI
import FoundationEssentials
import MVCC
import NIOCore
import Testing

@testable import DataPlane

/// What a transaction's condition means when it has numbers that no version of etcd gave a meaning.
@Suite struct CompareConversionTests {
    private static func holds(_ key: String, target: Int, result: Int) throws -> Bool {
        var keyspace = Keyspace()
        _ = try keyspace.put(Put(key: ByteBuffer(string: "here"), value: ByteBuffer(string: "value")))
        var request = Etcdserverpb_Compare()
        request.key = Data(key.utf8)
        request.target = Etcdserverpb_Compare.CompareTarget(rawValue: target) ?? .version
        request.result = Etcdserverpb_Compare.CompareResult(rawValue: result) ?? .equal
        return try keyspace.evaluate(readOnly: Transaction(compares: [Compare(request)])).succeeded
    }

    @Test(arguments: ["here", "absent"])
    func anUnknownTargetIsEqualToAnything(key: String) throws {
        let equal = 0
        #expect(try Self.holds(key, target: 9, result: equal))
        for other in 1...3 { #expect(try !Self.holds(key, target: 9, result: other)) }
    }

    @Test func anUnknownRelationHolds() throws {
        for target in [0, 1, 2, 3, 4, 9] { #expect(try Self.holds("here", target: target, result: 9)) }
    }

    @Test func anUnknownRelationHoldsForAnAbsentKeyExceptOfItsValue() throws {
        let value = 3
        for target in [0, 1, 2, 4, 9] { #expect(try Self.holds("absent", target: target, result: 9)) }
        #expect(try !Self.holds("absent", target: value, result: 9))
    }
}
