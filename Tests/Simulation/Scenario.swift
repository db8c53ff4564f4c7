import DataPlane
import Persistence
import RPC
import Storage
import TestSupport
import Watching

extension World {
    /// The world of a seed, which decides the limits, the clients and the faults as well.
    static func random(seed: UInt64) -> World {
        var random = SeededGenerator(seed: seed ^ 0x5eed)
        var settings = Settings()
        settings.writers = 2 + random.below(3)
        settings.agents = 1 + random.below(3)
        settings.observers = 1 + random.below(3)
        settings.managesUsers = random.chance(30)
        settings.faultsPerThousand = random.pick([0, 2, 5, 12])
        settings.concurrencyPerThousand = random.pick([0, 40, 150])
        var server = ServerProcess.Configuration()
        server.durability = random.chance(20) ? .strict : .relaxed
        server.loopCount = 1 + random.below(3)
        server.store.batchLimit = random.pick([1, 3, 512])
        server.store.trimLimit = random.pick([3, 10, 2_000])
        server.store.revisionBlock = Int64(random.pick([1, 7, 50, 1_000]))
        server.store.compactionInterval = random.chance(50) ? .seconds(2 + random.below(20)) : .zero
        server.store.historyRevisions = Int64(random.below(30))
        server.store.expiryLimit = 1 + random.below(4)
        server.dataPlane.progressInterval = .seconds(1 + random.below(5))
        server.dataPlane.inlineRecords = .max
        server.dataPlane.watchLimits.segmentRevisions = 1 + random.below(6)
        server.dataPlane.watchLimits.segmentBytes = 200 + random.below(2_000)
        server.dataPlane.watchLimits.catchUpRecords = 4 + random.below(30)
        server.dataPlane.watchLimits.segmentsPerTurn = 1 + random.below(5)
        server.dataPlane.watchLimits.fragmentBytes = 80 + random.below(300)
        server.dataPlane.authLimits.passwordLimit = 0
        server.dataPlane.transportLimits.writeChunkBytes = random.pick([100, 1_000, 65_536])
        server.dataPlane.transportLimits.streamWatermarkBytes = random.pick([200, 2_000, 65_536])
        settings.server = server
        let world = World(seed: seed, settings)
        world.populate()
        return world
    }
}
