import MeshResources
import MicroHTTP
import Persistence
import Synchronization

/// What part of a list a client wants.
struct ListWindow: Sendable {
    /// The parameters of an operation that lists.
    static let parameters: Set<String> = ["limit", "continue", "labelSelector"]
    private static let limits = 1...1_000
    private static let defaultLimit = 100

    /// The most items.
    let limit: Int
    /// Where to go on: the version of the snapshot and the last name.
    let token: ContinueToken?

    /// Reads the query.
    ///
    /// - Throws: 400 for a parameter that is not valid.
    init(_ query: [String: String]) throws(Problem) {
        self.limit = try Self.limit(query["limit"])
        guard let text = query["continue"] else {
            self.token = nil
            return
        }
        guard let token = ContinueToken(text) else {
            throw Problem(.invalidParameter, "the parameter continue is not what a list answered")
        }
        self.token = token
    }

    private static func limit(_ text: String?) throws(Problem) -> Int {
        guard let text else { return self.defaultLimit }
        guard let limit = Int(text), self.limits.contains(limit), String(limit) == text else {
            throw Problem(
                .invalidParameter,
                "the parameter limit must be from \(self.limits.lowerBound) to \(self.limits.upperBound)"
            )
        }
        return limit
    }
}

/// Where a list goes on; opaque for clients.
struct ContinueToken: Sendable, Hashable {
    /// The version of the snapshot that the list began on.
    let version: Int64
    /// The last name that was listed.
    let last: String

    init(version: Int64, last: String) {
        self.version = version
        self.last = last
    }

    init?(_ text: String) {
        guard text.utf8.count <= 2_048, let bytes = Base64URL.decode(text),
            let plain = String(validating: bytes, as: UTF8.self)
        else { return nil }
        let parts = plain.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let version = Int64(parts[0]), version >= 0 else { return nil }
        self.init(version: version, last: String(parts[1]))
    }

    var text: String { Base64URL.encode(Array("\(self.version):\(self.last)".utf8)) }
}

/// Keeps the snapshots that lists in parts go on from, for a while.
///
/// Any thread. A snapshot shares what has not changed since; an old one costs the tables that have.
final class SnapshotKeeper: Sendable {
    /// The most snapshots that are kept.
    static let limit = 32
    /// How long one is kept after its last use, in nanoseconds.
    static let lifetime: Int64 = 300_000_000_000

    private let snapshots = Mutex<[(tables: AdminTables, lastUse: Int64)]>([])

    /// Keeps a snapshot that a list will go on from.
    func keep(_ tables: AdminTables, now: Int64) {
        self.snapshots.withLock { snapshots in
            snapshots.removeAll {
                $0.tables.resourceVersion == tables.resourceVersion || now - $0.lastUse > Self.lifetime
            }
            if snapshots.count >= Self.limit { snapshots.removeFirst() }
            snapshots.append((tables, now))
        }
    }

    /// The objects that a list goes on from, or, without a token, those that there are now.
    ///
    /// - Throws: 410 when they are no longer kept.
    func tables(_ token: ContinueToken?, of store: AdminStore, now: Int64) throws(Problem) -> AdminTables {
        guard let token else { return store.tables }
        if let tables = self.snapshot(token.version, now: now) { return tables }
        throw Problem(
            .expired,
            "the snapshot that this list began on is no longer kept",
            hint: "list again from the beginning"
        )
    }

    /// Returns the snapshot of this version; `nil` when it is no longer kept.
    func snapshot(_ version: Int64, now: Int64) -> AdminTables? {
        self.snapshots.withLock { snapshots in
            guard
                let index = snapshots.firstIndex(where: { $0.tables.resourceVersion == version }),
                now - snapshots[index].lastUse <= Self.lifetime
            else { return nil }
            snapshots[index].lastUse = now
            return snapshots[index].tables
        }
    }
}

extension LabelSelector {
    /// Reads the parameter `labelSelector`; `nil` when there is none.
    ///
    /// - Throws: 400 for one that is not valid.
    static func read(_ text: String?) throws(Problem) -> LabelSelector? {
        guard let text, !text.isEmpty else { return nil }
        do {
            return try LabelSelector(text)
        } catch {
            throw Problem(.invalidParameter, "the parameter labelSelector: \(error)")
        }
    }
}
