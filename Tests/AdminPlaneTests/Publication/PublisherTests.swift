import AdminPlane
import MeshResources
import Persistence
import Storage
import Testing

@Suite(.timeLimit(.minutes(3)))
struct PublisherTests {
    private static let serviceKey = "cilium/state/services/v1/east/shop/cart"
    private static let canaries = ["nodes", "services", "identities", "ip"].map {
        "cilium/synced/east/cilium/state/\($0)/v1"
    }

    private static func service(_ port: Int = 80, isShared: Bool = true) -> String {
        #"{"backends":[{"ip":"10.0.0.1","ports":[{"name":"http","port":\#(port)}]}],"shared":\#(isShared)}"#
    }

    private static func id(_ kind: PublishedKind, _ name: String) -> AdminObjectID {
        AdminObjectID(kind: kind.rawValue, name: name)
    }

    /// Lets `body` have a world whose publisher runs.
    private func inWorld(quota: Int = 0, _ body: (PublicationWorld) async throws -> Void) async throws {
        let world = try PublicationWorld(quota: quota)
        world.start()
        do {
            try await body(world)
        } catch {
            try await world.close()
            throw error
        }
        try await world.close()
    }

    @Test func anObjectThatIsWrittenIsAppliedWithTheRevisionOfItsKey() async throws {
        try await self.inWorld { world in
            let object = try await world.put(.services, "shop/cart", Self.service())
            #expect(await world.wait(for: object) == .reached)
            let record = try #require(world.record(Self.serviceKey))
            let state = try #require(world.publisher.board.state(Self.id(.services, "shop/cart")))
            #expect(state.verdict == .yes && state.reason == "Published" && state.generation == 1)
            #expect(state.revision == record.modRevision)
            #expect(state.keys == [Self.serviceKey])
        }
    }

    @Test func everyChangeIsAppliedAlsoOneOfLabelsOnly() async throws {
        try await self.inWorld { world in
            for zone in ["a", "b", "c"] {
                let object = try await world.put(.nodes, "n", "{}", labels: ["zone": zone])
                #expect(object.generation == 1)
                #expect(await world.wait(for: object) == .reached)
                let value = world.contents["cilium/state/nodes/v1/east/n"]
                #expect(value?.contains(#""Labels":{"zone":"\#(zone)"}"#) == true)
            }
        }
    }

    @Test func aDeletedObjectTakesItsKeyAndItsTombstoneWithIt() async throws {
        try await self.inWorld { world in
            let object = try await world.put(.services, "shop/cart", Self.service())
            #expect(await world.wait(for: object) == .reached)
            try await world.delete(.services, "shop/cart")
            let id = Self.id(.services, "shop/cart")
            let deadline = PublicationWorld.now() + 60_000_000_000
            #expect(await world.publisher.states.wait(id, nil, deadline) == .reached)
            #expect(world.record(Self.serviceKey) == nil)
            while world.pendingTombstones > 0 { await Task.yield() }
            #expect(world.publisher.board.state(id) == nil)
        }
    }

    @Test func aServiceThatIsNoLongerSharedLosesItsKey() async throws {
        try await self.inWorld { world in
            #expect(
                await world.wait(for: try await world.put(.services, "shop/cart", Self.service())) == .reached
            )
            let object = try await world.put(.services, "shop/cart", Self.service(isShared: false))
            #expect(await world.wait(for: object) == .reached)
            #expect(world.record(Self.serviceKey) == nil)
            let state = world.publisher.board.state(Self.id(.services, "shop/cart"))
            #expect(state?.reason == "NotShared" && state?.verdict == .yes && state?.revision == nil)
        }
    }

    @Test func aKeyWithALeaseIsNeitherOverwrittenNorDeleted() async throws {
        try await self.inWorld { world in
            try await world.grant(5)
            try await world.putForeign(Self.serviceKey, "theirs", lease: 5)
            try await world.put(.services, "shop/cart", Self.service())
            let id = Self.id(.services, "shop/cart")
            while world.publisher.board.state(id) == nil { await Task.yield() }
            #expect(world.publisher.board.state(id)?.reason == "ForeignWriter")
            #expect(world.publisher.board.state(id)?.verdict == .no)
            #expect(world.contents[Self.serviceKey] == "theirs")
            try await world.delete(.services, "shop/cart")
            while world.pendingTombstones > 0 { await Task.yield() }
            #expect(world.contents[Self.serviceKey] == "theirs")
        }
    }

    @Test func aKeyThatGetsALeaseWhileItIsAboutToBeWrittenIsNotOverwritten() async throws {
        try await self.inWorld { world in
            try await world.grant(5)
            let object = try await world.put(.services, "shop/cart", Self.service())
            #expect(await world.wait(for: object) == .reached)
            let (publisher, id) = (world.publisher, Self.id(.services, "shop/cart"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    while !Task.isCancelled {
                        publisher.mark([id])
                        await Task.yield()
                    }
                }
                for round in 0..<500 {
                    // The publisher wants to write as soon as the key is gone.
                    try await world.deleteForeign(Self.serviceKey)
                    for _ in 0..<round % 7 { await Task.yield() }
                    try await world.putForeign(Self.serviceKey, "theirs", lease: 5)
                    for _ in 0..<10 { await Task.yield() }
                    #expect(world.contents[Self.serviceKey] == "theirs")
                    #expect(world.record(Self.serviceKey)?.lease == 5)
                }
                group.cancelAll()
            }
        }
    }

    @Test func aPassRepairsWhatOthersChangedAndTouchesNothingElse() async throws {
        try await self.inWorld { world in
            let object = try await world.put(.services, "shop/cart", Self.service())
            #expect(await world.wait(for: object) == .reached)
            let value = world.contents[Self.serviceKey]
            try await world.putForeign(Self.serviceKey, "garbage")
            try await world.putForeign("cilium/state/services/v1/east/shop/other", "theirs")
            world.publisher.markEverything()
            while world.contents[Self.serviceKey] != value { await Task.yield() }
            try await world.deleteForeign(Self.serviceKey)
            world.publisher.markEverything()
            while world.contents[Self.serviceKey] != value { await Task.yield() }
            #expect(world.contents["cilium/state/services/v1/east/shop/other"] == "theirs")
        }
    }

    @Test func aKeyThatAPowerCutBringsBackIsDeletedAgainAndWhatOthersWriteLaterIsNot() async throws {
        try await self.inWorld { world in
            for name in ["shop/cart", "shop/pay"] {
                #expect(
                    await world.wait(for: try await world.put(.services, name, Self.service())) == .reached
                )
                try await world.delete(.services, name)
            }
            while world.pendingTombstones > 0 { await Task.yield() }
            // Written after the deletion, so it is somebody else's.
            let other = "cilium/state/services/v1/east/shop/pay"
            try await world.putForeign(other, "theirs")
            let object = try await world.put(.nodes, "n", "{}")
            #expect(await world.wait(for: object) == .reached)
            world.publisher.markEverything()
            try await world.restart()
            while Self.canaries.contains(where: { world.record($0) == nil }) { await Task.yield() }
            #expect(world.contents[other] == "theirs")
            // The store forgets its last commits: the key is there at a revision before the deletion.
            try await world.restart(wipingStore: true) {
                try await $0.putForeign(Self.serviceKey, "old")
            }
            while world.record(Self.serviceKey) != nil { await Task.yield() }
        }
    }

    @Test func whatWasCommittedBeforeACrashIsPublishedAfterIt() async throws {
        try await self.inWorld { world in
            let first = try await world.put(.services, "shop/cart", Self.service())
            #expect(await world.wait(for: first) == .reached)
            await world.stop()
            // Between the commit of the admin store and that of the key-value store.
            try await world.delete(.services, "shop/cart")
            try await world.put(.identities, "458753", #"{"labels":{"k8s:app":"cart"}}"#)
            #expect(world.record(Self.serviceKey) != nil)
            try await world.restart()
            while world.record(Self.serviceKey) != nil
                || world.record("cilium/state/identities/v1/id/458753") == nil
            {
                await Task.yield()
            }
            while world.pendingTombstones > 0 { await Task.yield() }
        }
    }

    @Test func aWipedStoreGetsEverythingAgainAndThenTheCanaries() async throws {
        try await self.inWorld { world in
            let object = try await world.put(.services, "shop/cart", Self.service())
            #expect(await world.wait(for: object) == .reached)
            try await world.restart(wipingStore: true)
            while Self.canaries.contains(where: { world.record($0) == nil }) { await Task.yield() }
            let data = try #require(world.record(Self.serviceKey))
            for key in Self.canaries {
                let canary = try #require(world.record(key))
                #expect(canary.modRevision > data.modRevision && canary.lease == 0)
            }
            // Nothing is written a second time.
            let revision = world.store.replica.current.keyspace.revision
            try await world.restart()
            let again = try await world.put(.nodes, "n", "{}")
            #expect(await world.wait(for: again) == .reached)
            #expect(world.store.replica.current.keyspace.revision == revision + 1)
        }
    }

    @Test func withoutObjectsOrWithAnotherWriterThereAreNoCanaries() async throws {
        try await self.inWorld { world in
            try await world.grant(5)
            try await world.putForeign("cilium/cluster-config/east", "{}", lease: 5)
            let object = try await world.put(.services, "shop/cart", Self.service())
            #expect(await world.wait(for: object) == .reached)
            let again = try await world.put(.services, "shop/cart", Self.service(81))
            #expect(await world.wait(for: again) == .reached)
            #expect(Self.canaries.allSatisfy { world.record($0) == nil })
            // The other writer goes, and what it had with it.
            _ = try await world.store.commit(.revoke(lease: 5))
            world.publisher.markEverything()
            while Self.canaries.contains(where: { world.record($0) == nil }) { await Task.yield() }
        }
    }

    @Test func canariesOfOthersStayAsTheyAre() async throws {
        try await self.inWorld { world in
            try await world.grant(5)
            try await world.putForeign(Self.canaries[0], "theirs", lease: 5)
            try await world.putForeign(Self.canaries[1], "old")
            let object = try await world.put(.services, "shop/cart", Self.service())
            #expect(await world.wait(for: object) == .reached)
            while Self.canaries.contains(where: { world.record($0) == nil }) { await Task.yield() }
            #expect(world.contents[Self.canaries[0]] == "theirs")
            #expect(world.contents[Self.canaries[1]] == "old")
        }
    }

    @Test func aFullStoreIsSaidSoAndTriedAgainAndDeletionsStillWork() async throws {
        // There is room for one of the two, and for the canaries, whenever they come.
        try await self.inWorld(quota: 5_500) { world in
            let text = String(repeating: "x", count: 60)
            let labels = (0..<40).map { #""k8s:l\#($0)":"\#(text)""# }.joined(separator: ",")
            let spec = #"{"labels":{\#(labels)}}"#
            let first = try await world.put(.identities, "458753", spec)
            #expect(await world.wait(for: first) == .reached)
            let second = try await world.put(.identities, "458754", spec)
            let id = Self.id(.identities, "458754")
            while world.publisher.board.state(id)?.reason != "StoreFull" { await Task.yield() }
            try await world.delete(.identities, "458753")
            while world.record("cilium/state/identities/v1/id/458753") != nil { await Task.yield() }
            // Space is made: the history goes, and the alarm.
            let head = world.store.replica.current.keyspace.revision
            _ = try await world.store.commit(.compact(through: head, isPhysical: true))
            _ = try await world.store.commit(.setAlarm(.noSpace, isRaised: false))
            #expect(await world.wait(for: second) == .reached)
        }
    }

    @Test func anObjectOfAnotherClusterIDIsInvalidAndHasNoKey() async throws {
        try await self.inWorld { world in
            try await world.putForeign("cilium/state/identities/v1/id/5", "k8s:a=b;")
            try await world.put(.identities, "5", #"{"labels":{"k8s:a":"b"}}"#)
            let id = Self.id(.identities, "5")
            while world.publisher.board.state(id) == nil { await Task.yield() }
            #expect(world.publisher.board.state(id)?.reason == "InvalidObject")
            #expect(world.publisher.board.state(id)?.message.contains("458752") == true)
            #expect(world.record("cilium/state/identities/v1/id/5") == nil)
        }
    }

    @Test func waitingEndsAtTheDeadlineAndWhenCancelled() async throws {
        try await self.inWorld { world in
            let id = Self.id(.services, "shop/none")
            let states = world.publisher.states
            let soon = PublicationWorld.now() + 1_000_000
            #expect(await states.wait(id, 1, soon) == .timedOut)
            #expect(await states.wait(id, 1, 0) == .timedOut)
            await withTaskGroup(of: AppliedWait.self) { group in
                group.addTask { await states.wait(id, 1, Int64.max) }
                while world.publisher.board.waiterCount == 0 { await Task.yield() }
                group.cancelAll()
                #expect(await group.next() == .timedOut)
            }
            #expect(world.publisher.board.waiterCount == 0)
        }
    }

    @Test func tenThousandObjectsArePublishedAndLookedAtAgainWithoutAWrite() async throws {
        try await self.inWorld { world in
            await world.stop()
            let drafts = (0..<10_000).map { index -> AdminObjectDraft in
                var draft = AdminObjectDraft(
                    kind: "endpoints",
                    name: "10.\(index / 65_536).\(index / 256 % 256).\(index % 256)"
                )
                draft.spec = Array(#"{"identity":458753,"hostIP":"192.168.1.1","namespace":"shop"}"#.utf8)
                return draft
            }
            try await world.put(drafts)
            let clock = ContinuousClock()
            let first = try await clock.measure {
                try await world.restart()
                while Self.canaries.contains(where: { world.record($0) == nil }) { await Task.yield() }
            }
            #expect(world.contents.count == 10_004)
            let revision = world.store.replica.current.keyspace.revision
            // A canary that is missing is written at the end of a pass, and by nothing else.
            try await world.deleteForeign(Self.canaries[0])
            let second = await clock.measure {
                world.publisher.markEverything()
                while world.record(Self.canaries[0]) == nil { await Task.yield() }
            }
            #expect(world.store.replica.current.keyspace.revision == revision + 2)
            print("10,000 objects: first pass \(first), second pass \(second)")
        }
    }
}
