import MeshSchema
import NIOCore
import Testing

@Suite struct MeshKeyTests {
    @Test(
        "keys",
        arguments: [
            ("cilium/state/nodes/v1/east/a", .node, .state, "east", nil, "a"),
            ("cilium/cache/nodes/v1/west/a", .node, .cache, "west", nil, "a"),
            ("cilium/state/services/v1/east/shop/cart", .service, .state, "east", "shop", "cart"),
            ("cilium/cache/endpointslices/v1/west/shop/c-1", .endpointSlice, .cache, "west", "shop", "c-1"),
            ("cilium/state/serviceexports/v1/east/shop/x", .serviceExport, .state, "east", "shop", "x"),
            ("cilium/state/identities/v1/id/65601", .identity, .state, nil, nil, "65601"),
            ("cilium/cache/identities/v1/west/id/9", .identity, .cache, "west", nil, "9"),
            ("cilium/state/ip/v1/default/10.0.0.0/24", .endpoint, .state, nil, nil, "10.0.0.0/24"),
            ("cilium/cache/ip/v1/west/fd00::b", .endpoint, .cache, "west", nil, "fd00::b"),
            ("cilium/.heartbeat", .heartbeat, nil, nil, nil, nil),
            ("cilium/cluster-config/east", .clusterConfiguration, nil, "east", nil, nil),
            ("cilium/synced/east/cilium/state/ip/v1", .canary, .state, "east", nil, "ip"),
            ("cilium/synced/west/cilium/cache/nodes/v1", .canary, .cache, "west", nil, "nodes"),
            ("cilium/.initlock/abc", .lock, nil, nil, nil, nil),
            // None of Cilium's.
            ("cilium/state/services/v1/east/cart", .unknown, .state, "east", nil, "cart"),
            ("cilium/state/services/v1/east/a/b/c", .unknown, .state, "east", nil, "a/b/c"),
            ("cilium/.heartbeats", .unknown, nil, nil, nil, nil),
            ("cilium/cluster-config/", .unknown, nil, nil, nil, nil),
            ("cilium/cluster-config/a/b", .unknown, nil, nil, nil, nil),
            ("cilium/synced/east/cilium/state/bees/v1", .unknown, nil, nil, nil, nil),
            ("cilium/synced/east/cilium/state/nodes/v2", .unknown, nil, nil, nil, nil),
            ("cilium/state/nodes/v1/", .unknown, nil, nil, nil, nil),
            ("", .unknown, nil, nil, nil, nil),
            ("foo", .unknown, nil, nil, nil, nil),
        ] as [(String, MeshKey.Kind, KeyTree?, String?, String?, String?)]
    )
    func keys(
        text: String,
        kind: MeshKey.Kind,
        tree: KeyTree?,
        cluster: String?,
        namespace: String?,
        name: String?
    ) {
        let key = MeshKey(Array(text.utf8))
        #expect(key.kind == kind)
        #expect(key.tree == tree)
        #expect(key.cluster == cluster)
        #expect(key.namespace == namespace)
        #expect(key.name == name)
    }

    @Test func bytesThatAreNoTextAreUnknown() {
        #expect(MeshKey([0xff, 0x00]).kind == .unknown)
        #expect(MeshKey(Array("cilium/state/nodes/v1/east/".utf8) + [0xff]).kind == .unknown)
    }

    /// What a real clustermesh-apiserver wrote has a kind and nothing wrong with it.
    @Test("recordings", arguments: RecordedValuesTests.recordings)
    func recordings(recording: RecordedValuesTests.Recording) {
        let key = MeshKey(Array(recording.key.utf8))
        #expect(key.kind != .unknown)
        let value = MeshValue(ByteBuffer(string: recording.value), under: key)
        #expect(value.problem(under: key) == nil)
        switch key.kind {
        case .heartbeat, .canary: #expect(value == .other)
        default: #expect(value != .other)
        }
    }

    /// Bytes of any kind under keys of any kind: each gets a sentence, none a crash.
    @Test("foreign values", arguments: RecordedValuesTests.recordings)
    func foreignValues(recording: RecordedValuesTests.Recording) {
        let key = MeshKey(Array(recording.key.utf8))
        let bytes = Array(recording.value.utf8)
        let checksValue = ![.heartbeat, .canary].contains(key.kind)
        for foreign in [[], [0xff, 0xfe], Array("null".utf8), Array("[1".utf8), Array("\"x\"".utf8)] {
            let value = MeshValue(ByteBuffer(bytes: foreign), under: key)
            // A label without a value is one; and an empty object supports nothing, but is one.
            if checksValue, key.kind != .identity { #expect(value.problem(under: key) != nil) }
        }
        for length in stride(from: 0, to: bytes.count, by: 7) {
            _ = MeshValue(ByteBuffer(bytes: bytes[..<length]), under: key).problem(under: key)
            var flipped = bytes
            flipped[length] ^= 0x11
            _ = MeshValue(ByteBuffer(bytes: flipped), under: key).problem(under: key)
        }
    }

    @Test(
        "a value that contradicts its key has a problem that names both",
        arguments: [
            ("cilium/state/services/v1/east/shop/cart", "cilium/state/services/v1/west/shop/cart", "cluster"),
            (
                "cilium/state/services/v1/east/shop/cart", "cilium/state/services/v1/east/mall/cart",
                "namespace"
            ),
            ("cilium/state/nodes/v1/east/node-a", "cilium/state/nodes/v1/east/node-b", "name"),
            ("cilium/state/ip/v1/default/10.1.0.11", "cilium/state/ip/v1/default/10.1.0.12", "address"),
            ("cilium/state/identities/v1/id/65601", "cilium/cache/identities/v1/west/id/65601", "cluster"),
            (
                "cilium/state/serviceexports/v1/east/shop/exported",
                "cilium/state/serviceexports/v1/east/shop/other", "name"
            ),
        ]
    )
    func contradictions(of recorded: String, under other: String, what: String) throws {
        let recording = try #require(RecordedValuesTests.recordings.first { $0.key == recorded })
        let key = MeshKey(Array(other.utf8))
        let problem = MeshValue(ByteBuffer(string: recording.value), under: key).problem(under: key)
        #expect(problem?.hasPrefix("the value says that its \(what) is ") == true)
    }

    @Test func anEndpointSliceIsCompressedOrNot() {
        let key = MeshKey(Array("cilium/state/endpointslices/v1/east/shop/cart-1".utf8))
        #expect(MeshValue(ByteBuffer(bytes: [0x28, 0xb5, 0x2f, 0xfd, 0]), under: key) == .compressed)
        #expect(MeshValue(ByteBuffer(string: "{}"), under: key).problem(under: key) != nil)
    }
}
