import Foundation
import MeshSchema
import NIOCore
import Testing

/// Everything that a real clustermesh-apiserver wrote is read and written again without a difference.
@Suite struct RecordedValuesTests {
    struct Recording: Decodable, Sendable {
        var key: String
        var value: String
    }

    static let recordings: [Recording] = {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = tests.appending(path: "Fixtures/kvstore/east.json")
        guard let data = try? Data(contentsOf: file) else { return [] }
        return (try? JSONDecoder().decode([Recording].self, from: data)) ?? []
    }()

    static func recordings(of resource: ResourceKind) -> [Recording] {
        self.recordings.filter { ObjectKey($0.key)?.resource == resource }
    }

    @Test func theRecordingIsThere() {
        #expect(Self.recordings.count == 14)
        #expect(Self.recordings(of: .nodes).count == 1)
        #expect(Self.recordings(of: .services).count == 2)
        #expect(Self.recordings(of: .identities).count == 1)
        #expect(Self.recordings(of: .addresses).count == 2)
    }

    @Test("object keys are parsed and written again", arguments: recordings)
    func keys(recording: Recording) throws {
        guard let key = ObjectKey(recording.key) else {
            #expect(!recording.key.hasPrefix(KeyPrefixes.state))
            return
        }
        #expect(key.description == recording.key)
        let east = try ClusterName("east")
        #expect(ObjectKey.published(key.resource, by: east, name: key.name) == key)
        let mirrored = key.mirrored(from: east)
        #expect(ObjectKey(mirrored.description) == mirrored)
    }

    @Test("nodes", arguments: recordings(of: .nodes))
    func nodes(recording: Recording) throws {
        let node = try NodeValue(decoding: ByteBuffer(string: recording.value))
        // Cilium 1.20 no longer writes this field, and no version needs it.
        let expected = recording.value.replacing("\"NodeIdentity\":0,", with: "")
        #expect(String(buffer: node.encoded()) == expected)
        #expect(node.cluster == "east" && node.clusterID == 7)
        #expect(node.ipv4.allocationBlock?.description == "10.1.0.0/24")
        #expect(node.ipv6.allocationBlock?.description == "fd00::/120")
    }

    @Test("services", arguments: recordings(of: .services))
    func services(recording: Recording) throws {
        let service = try ServiceValue(decoding: ByteBuffer(string: recording.value))
        #expect(String(buffer: service.encoded()) == recording.value)
    }

    @Test("identities", arguments: recordings(of: .identities))
    func identities(recording: Recording) throws {
        let labels = try IdentityLabels(decoding: ByteBuffer(string: recording.value))
        #expect(String(buffer: labels.encoded()) == recording.value)
        #expect(labels.cluster == "east")
        #expect(labels.namespace == "shop")
    }

    @Test("addresses", arguments: recordings(of: .addresses))
    func addresses(recording: Recording) throws {
        let value = try AddressValue(decoding: ByteBuffer(string: recording.value))
        #expect(String(buffer: value.encoded()) == recording.value)
        #expect(ObjectKey(recording.key)?.name == value.keyName)
    }
}
