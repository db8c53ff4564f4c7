package import AccessControl
package import MVCC
import Synchronization

/// The newest committed state, readable from any thread.
package final class Snapshot: Sendable {
    /// The key space at its newest revision.
    package let keyspace: Keyspace
    /// The alarms that are raised.
    package let alarms: Set<Alarm>
    /// The users and roles.
    package let auth: AuthState
    /// Counts the changes of ``auth`` since the start, for whoever has to notice one.
    package let authGeneration: Int

    /// Whether stored data was found damaged: nothing is served then (etcd `apply/corrupt.go`).
    package var isCorrupt: Bool { !self.alarms.isEmpty && self.alarms.contains(.corrupt) }

    init(keyspace: Keyspace, alarms: Set<Alarm>, auth: AuthState, authGeneration: Int) {
        self.keyspace = keyspace
        self.alarms = alarms
        self.auth = auth
        self.authGeneration = authGeneration
    }
}

/// A published key space: what readers and watches see.
///
/// Only an engine installs; readers take ``current`` and keep it as long as they like. Taking it costs one
/// uncontended lock and one retain, and never waits for a commit.
package final class Replica: Sendable {
    private let state: Mutex<Snapshot>
    private let authIsEnabled: Atomic<Bool>

    init(_ snapshot: Snapshot) {
        self.state = Mutex(snapshot)
        self.authIsEnabled = Atomic(snapshot.auth.isEnabled)
    }

    /// Whether requests need a user, as of the newest snapshot; costs a load.
    ///
    /// Enabling is answered only after this says so.
    package var isAuthEnabled: Bool { self.authIsEnabled.load(ordering: .acquiring) }

    /// The newest published snapshot.
    package var current: Snapshot { self.state.withLock { $0 } }

    /// Replaces the published snapshot; commit thread only, after the log has it.
    func install(_ snapshot: Snapshot) {
        let old = self.state.withLock { state in
            let old = state
            state = snapshot
            return old
        }
        self.authIsEnabled.store(snapshot.auth.isEnabled, ordering: .releasing)
        // Released outside the lock: freeing a snapshot may free many tree nodes.
        _ = consume old
    }
}
