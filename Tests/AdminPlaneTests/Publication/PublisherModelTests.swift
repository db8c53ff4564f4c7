import AdminPlane
import Documents
import MeshResources
import NIOCore
import Persistence
import Storage
import TestSupport
import Testing

/// Whatever people, other writers and crashes do: once it is quiet, the store has exactly what it should.
@Suite(.timeLimit(.minutes(5)))
struct PublisherModelTests {
    private static let names: [(PublishedKind, String)] = [
        (.services, "shop/cart"), (.services, "shop/pay"), (.services, "web/front"), (.nodes, "a"),
        (.nodes, "b"), (.identities, "458753"), (.identities, "458754"), (.endpoints, "10.0.0.1"),
        (.endpoints, "fd00::1"),
    ]

    /// A spec of a kind; different numbers mean different keys or values.
    private static func spec(_ kind: PublishedKind, _ number: Int) -> String {
        switch kind {
        case .services:
            #"{"shared":\#(number % 3 != 0),"backends":[{"ip":"10.1.0.\#(number)"}]}"#
        case .nodes: #"{"encryptionKey":\#(number)}"#
        case .identities: #"{"labels":{"k8s:n":"\#(number)"}}"#
        case .endpoints: #"{"identity":458753,"encryptionKey":\#(number)}"#
        }
    }

    /// What has to be in the store.
    private struct Model {
        var objects: [String: (kind: PublishedKind, name: String, number: Int, labels: [String: String])] =
            [:]
        /// Keys of others with a lease each.
        var leased: [String: String] = [:]
        /// Keys of others that no object has.
        var unrelated: [String: String] = [:]

        func contents(_ cluster: ClusterContext) throws -> [String: String] {
            var contents = self.unrelated
            for object in self.objects.values {
                let document = try JSONReader.read(
                    Array(PublisherModelTests.spec(object.kind, object.number).utf8)
                )
                let published = PublishedObject(
                    object.kind,
                    named: object.name,
                    labels: object.labels,
                    spec: FieldReader(document, problems: FieldProblems()),
                    in: cluster
                )
                for entry in Publication.entries(of: try #require(published), in: cluster) {
                    contents[entry.key] = String(buffer: entry.value)
                }
            }
            return contents.merging(self.leased) { $1 }
        }
    }

    @Test("the store converges", arguments: 1...12 as ClosedRange<UInt64>)
    func converges(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let world = try PublicationWorld()
        world.start()
        var model = Model()
        for step in 0..<60 {
            try await self.act(in: world, &model, step, &random)
        }
        try await self.settle(world, model)
        try await world.restart(wipingStore: seed.isMultiple(of: 2))
        if seed.isMultiple(of: 2) {
            model.leased = [:]
            model.unrelated = [:]
        }
        try await self.settle(world, model)
        try await world.close()
    }

    /// Waits until the store has what the model says, and no tombstone is left.
    private func settle(_ world: PublicationWorld, _ model: Model) async throws {
        world.publisher.markEverything()
        let expected = try model.contents(world.cluster)
        while world.contents.filter({ !$0.key.hasPrefix("cilium/synced/") }) != expected
            || world.pendingTombstones > 0
        {
            await Task.yield()
        }
        // It stays so.
        world.publisher.markEverything()
        for _ in 0..<100 { await Task.yield() }
        #expect(world.contents.filter { !$0.key.hasPrefix("cilium/synced/") } == expected)
    }

    private func act(
        in world: PublicationWorld,
        _ model: inout Model,
        _ step: Int,
        _ random: inout SeededGenerator
    ) async throws {
        let (kind, name) = Self.names[Int.random(in: 0..<Self.names.count, using: &random)]
        let key = Publication.keys(of: kind, named: name, in: world.cluster)[0]
        let exists = model.objects[key] != nil
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<8:
            let number = Int.random(in: 1...200, using: &random)
            let labels = kind == .nodes ? ["n": "\(Int.random(in: 0...3, using: &random))"] : [:]
            model.objects[key] = (kind, name, number, labels)
            try await world.put(kind, name, Self.spec(kind, number), labels: labels)
        case 8..<12 where exists:
            model.objects[key] = nil
            try await world.delete(kind, name)
        case 12 where exists && model.leased[key] == nil:
            try await world.putForeign(key, "garbage \(step)")
        case 13 where exists && model.leased[key] == nil: try await world.deleteForeign(key)
        case 14:
            let lease = Int64(step + 1)
            try await world.grant(lease)
            model.leased[key] = "theirs \(step)"
            try await world.putForeign(key, "theirs \(step)", lease: lease)
        case 15 where model.leased[key] != nil:
            model.leased[key] = nil
            try await world.deleteForeign(key)
        case 16:
            let other = "cilium/state/nodes/v1/east/foreign-\(step % 3)"
            model.unrelated[other] = "\(step)"
            try await world.putForeign(other, "\(step)")
        case 17: try await world.restart()
        case 18:
            try await world.restart(wipingStore: true)
            model.leased = [:]
            model.unrelated = [:]
        default: world.publisher.markEverything()
        }
    }
}
