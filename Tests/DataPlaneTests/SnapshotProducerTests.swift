import AccessControl
import CoreMetrics
import EtcdAPI
import MVCC
import NIOCore
import PKI
import SnapshotFile
import Testing

@testable import DataPlane

extension SHA256Digest: SnapshotDigest {}

@Suite struct SnapshotProducerTests {
    private static func responses(_ keyspace: Keyspace) throws -> [Etcdserverpb_SnapshotResponse] {
        let contents = SnapshotContents(
            keyspace: keyspace,
            auth: AuthState(),
            alarms: [],
            memberID: 2,
            term: 3,
            storageVersion: "3.6.0"
        )
        let header = ResponseHeader(clusterID: 1, memberID: 2, revision: keyspace.revision, raftTerm: 3)
        let producer = SnapshotProducer(contents, header: header) { try SHA256Digest() }
        var responses: [Etcdserverpb_SnapshotResponse] = []
        while true {
            let batch = try producer.next()
            for message in batch.messages {
                let bytes = Array(message.readableBytesView)
                responses.append(try Etcdserverpb_SnapshotResponse(serializedBytes: bytes))
            }
            if batch.isLast { return responses }
        }
    }

    @Test(arguments: [0, 1, 8_000, 32_000, 300_000, 2_000_000])
    func theMessagesAreTheFileAndItsDigest(valueByteCount: Int) throws {
        var keyspace = Keyspace()
        let value = ByteBuffer(repeating: 7, count: valueByteCount)
        _ = try keyspace.put(Put(key: ByteBuffer(string: "k"), value: value))
        let responses = try Self.responses(keyspace)
        let file = responses.dropLast().flatMap { Array($0.blob) }
        #expect(file.count % 4_096 == 0)
        #expect(file.count >= valueByteCount)
        let digest = try SHA256Digest()
        try digest.update(file.span.bytes)
        #expect(try Array(responses[responses.count - 1].blob) == digest.finish())
        #expect(responses[responses.count - 1].remainingBytes == 0)
        var remaining = file.count
        for response in responses.dropLast() {
            remaining -= response.blob.count
            #expect(response.remainingBytes == UInt64(remaining))
            #expect(response.blob.count == 32_768 || remaining == 0)
        }
        #expect(responses.allSatisfy { $0.version == "3.6.0" })
        #expect(responses.allSatisfy { $0.header.clusterID == 1 && $0.header.revision == 2 })
    }

    @Test func slotsAreLimited() {
        let slots = SnapshotSlots(
            limit: 2,
            makeDigest: { try SHA256Digest() },
            factory: NOOPMetricsHandler.instance
        )
        #expect(slots.take())
        #expect(slots.take())
        #expect(!slots.take())
        slots.giveBack()
        #expect(slots.take())
    }
}
