import Documents
import MVCC
import MeshResources
import Persistence

/// Keeps the index of the services of all clusters, and the copies that lists go on from.
actor GlobalServices {
    /// The most copies that are kept.
    private static let copyLimit = 8
    /// How long one is kept after its last use, in nanoseconds.
    private static let lifetime: Int64 = 300_000_000_000

    private var newest = GlobalServiceIndex()
    private var copies: [(index: GlobalServiceIndex, lastUse: Int64)] = []
    private var affinities: [String: (resourceVersion: Int64, affinity: String)] = [:]

    /// Returns the index of the newest revision.
    func index(of keyspace: Keyspace) throws(GlobalServiceIndex.TooMany) -> GlobalServiceIndex {
        // Whoever took an older snapshot is answered from the newer index.
        if keyspace.revision < self.newest.revision { return self.newest }
        do {
            try self.newest.update(to: keyspace)
        } catch {
            // Half an index would be taken for a whole one.
            self.newest = GlobalServiceIndex()
            throw error
        }
        return self.newest
    }

    /// Keeps an index that a list will go on from.
    func keep(_ index: GlobalServiceIndex, now: Int64) {
        self.copies.removeAll { $0.index.revision == index.revision || now - $0.lastUse > Self.lifetime }
        if self.copies.count >= Self.copyLimit { self.copies.removeFirst() }
        self.copies.append((index, now))
    }

    /// Returns the index of this revision; `nil` when it is no longer kept.
    func kept(_ revision: Int64, now: Int64) -> GlobalServiceIndex? {
        guard let place = self.copies.firstIndex(where: { $0.index.revision == revision }),
            now - self.copies[place].lastUse <= Self.lifetime
        else { return nil }
        self.copies[place].lastUse = now
        return self.copies[place].index
    }

    /// Returns which backends clients of this cluster prefer, for each of its services that says so.
    func affinities(of objects: [AdminObject]) -> [String: String] {
        var found: [String: String] = [:]
        for object in objects {
            let known = self.affinities[object.name]
            let affinity = known?.resourceVersion == object.resourceVersion ? known?.affinity : nil
            let value = affinity ?? Self.affinity(object)
            self.affinities[object.name] = (object.resourceVersion, value)
            found[object.name] = value
        }
        // Those of deleted objects.
        if self.affinities.count > GlobalServiceIndex.partLimit { self.affinities = [:] }
        return found
    }

    private static func affinity(_ object: AdminObject) -> String {
        // What is stored was checked before.
        let spec = try? JSONReader.read(object.spec)
        return spec?.object?["affinity"]?.string ?? ServiceSpec.Affinity.none.rawValue
    }
}
