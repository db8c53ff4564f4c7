import MVCC
import MeshSchema
import NIOCore

/// The services of all clusters as the store has them at one revision: whose they are and how large, without
/// their addresses.
///
/// A value: a list that goes on later keeps its copy. It reads from the log what changed since it was made,
/// so that a value is decoded once and not each time that somebody looks.
struct GlobalServiceIndex: Sendable {
    /// What one cluster has of a service.
    struct Part: Sendable {
        let record: Record
        let key: MeshKey
        /// Why agents refuse the value; `nil` when they take it.
        let problem: String?
        let clusterID: UInt32
        let frontends: Int
        let backends: Int
        let isShared: Bool
        let includesExternal: Bool
        let labels: [String: String]

        init(_ record: Record, _ key: MeshKey) {
            self.record = record
            self.key = key
            let value = MeshValue(record.value, under: key)
            self.problem = value.problem(under: key)
            var service: ServiceValue?
            if case .service(let found) = value { service = found }
            self.clusterID = service?.clusterID ?? 0
            self.frontends = service?.frontends.count ?? 0
            self.backends = service?.backends.count ?? 0
            self.isShared = service?.isShared ?? false
            self.includesExternal = service?.includeExternal ?? false
            self.labels = service?.labels ?? [:]
        }
    }

    /// There are more services than are kept.
    struct TooMany: Error {}

    /// The most parts of services that are kept.
    static let partLimit = 100_000
    private static let prefixes = KeyTree.allCases.map {
        KeyRange(prefix: KeyPrefixes.objects(of: .services, in: $0))
    }

    /// The revision that this is about; zero before the first look.
    private(set) var revision: Int64 = 0
    /// How many values were decoded, ever.
    private(set) var decodedCount = 0
    private var parts: [String: [Part]] = [:]
    private var partCount = 0
    /// `namespace/name` of all services, in order.
    private(set) var names: [String] = []

    /// What each cluster has of a service: first the published, then the mirrored, by cluster.
    func parts(of name: String) -> [Part]? { self.parts[name] }

    /// Returns the names after `name`, in order.
    func names(after name: String) -> ArraySlice<String> {
        guard !name.isEmpty else { return self.names[...] }
        let index = self.position(of: name)
        return self.names[index...].drop { $0 == name }
    }

    /// Brings it up to the newest revision.
    mutating func update(to keyspace: Keyspace) throws(TooMany) {
        guard keyspace.revision != self.revision else { return }
        let history = keyspace.history
        let first = history.position(of: self.revision + 1)
        let isKept = self.revision > 0 && self.revision >= keyspace.compactedRevision
        // Reading that much of the log costs more than beginning anew.
        let isLong = history.end - first > max(10_000, 4 * self.partCount)
        if !isKept || isLong || self.revision > keyspace.revision {
            try self.rebuild(from: keyspace)
        } else {
            var newest: [ByteBuffer: Record] = [:]
            for position in first..<history.end {
                let record = history[position]
                guard Self.prefixes.contains(where: { $0.contains(keyOf: record) }) else { continue }
                newest[record.key] = record
            }
            for record in newest.values { try self.apply(record) }
        }
        self.revision = keyspace.revision
    }

    private mutating func rebuild(from keyspace: Keyspace) throws(TooMany) {
        self.parts = [:]
        self.partCount = 0
        self.names = []
        for range in Self.prefixes {
            // The newest revision can always be read.
            for record in (try? keyspace.range(RangeQuery(range)))?.records ?? [] {
                try self.insert(record) { _, _ in }
            }
        }
        self.names = self.parts.keys.sorted(by: Self.isBefore)
    }

    private mutating func apply(_ record: Record) throws(TooMany) {
        guard record.isTombstone else {
            return try self.insert(record) { index, name in
                index.names.insert(name, at: index.position(of: name))
            }
        }
        let key = MeshKey(record.key.readableBytesView)
        guard let name = Self.name(key), var parts = self.parts[name] else { return }
        let count = parts.count
        parts.removeAll { $0.key == key }
        self.partCount -= count - parts.count
        self.parts[name] = parts.isEmpty ? nil : parts
        if parts.isEmpty { self.names.remove(at: self.position(of: name)) }
    }

    /// Adds a part or replaces it.
    private mutating func insert(
        _ record: Record,
        newName: (inout GlobalServiceIndex, String) -> Void
    ) throws(TooMany) {
        let key = MeshKey(record.key.readableBytesView)
        // Other keys below the prefix are none of Cilium's.
        guard key.kind == .service, let name = Self.name(key) else { return }
        let part = Part(record, key)
        self.decodedCount += 1
        var parts = self.parts[name] ?? []
        if parts.isEmpty { newName(&self, name) }
        if let index = parts.firstIndex(where: { $0.key == key }) {
            parts[index] = part
        } else {
            guard self.partCount < Self.partLimit else { throw TooMany() }
            self.partCount += 1
            let index = parts.firstIndex { Self.order($0.key) > Self.order(key) } ?? parts.endIndex
            parts.insert(part, at: index)
        }
        self.parts[name] = parts
    }

    private static func name(_ key: MeshKey) -> String? {
        guard let namespace = key.namespace, let name = key.name else { return nil }
        return "\(namespace)/\(name)"
    }

    private static func order(_ key: MeshKey) -> (Int, String) {
        (key.tree == .state ? 0 : 1, key.cluster ?? "")
    }

    private static func isBefore(_ a: String, _ b: String) -> Bool {
        a.utf8.lexicographicallyPrecedes(b.utf8)
    }

    /// Returns where a name is, or would be.
    private func position(of name: String) -> Int {
        var (low, high) = (0, self.names.count)
        while low < high {
            let middle = (low + high) / 2
            if Self.isBefore(self.names[middle], name) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
