import AccessControl
import AdminPlane
import MVCC
import NIOCore
import Synchronization

/// What stands in for the data plane: keys that a test writes, and connections that it makes up.
final class TestDataPlane: Sendable {
    private struct State {
        var store = CommittedState(keyspace: Keyspace(), auth: AuthState())
        var clients: [ConnectedClient] = []
        var closed: [ConnectedClient] = []
    }

    private let state = Mutex(State())

    var revision: Int64 { self.state.withLock { $0.store.keyspace.revision } }

    /// What the admin plane is given.
    var view: DataPlaneView {
        DataPlaneView(
            state: { self.state.withLock { $0.store } },
            authorization: { name in
                Self.roles.authorization(of: Identity(commonName: name, clusterName: "east"))
            },
            clients: { after, limit in
                self.state.withLock { state in
                    let rest = state.clients.filter { $0.id > after }
                    return (Array(rest.prefix(limit)), max(0, rest.count - limit))
                }
            },
            client: { id in self.state.withLock { state in state.clients.first { $0.id == id } } },
            closedClients: { self.state.withLock { $0.closed } },
            disconnect: { id in
                self.state.withLock { state in
                    guard let index = state.clients.firstIndex(where: { $0.id == id }) else { return false }
                    var client = state.clients.remove(at: index)
                    client.end = ConnectedClient.End(time: 1_800_000_000_000, reason: "cut")
                    state.closed.insert(client, at: 0)
                    return true
                }
            }
        )
    }

    private static let roles = StandardRoles(
        prefixes: StandardRoles.Prefixes(
            heartbeat: "cilium/.heartbeat",
            state: "cilium/state/",
            cache: "cilium/cache/",
            clusterConfiguration: "cilium/cluster-config/",
            synced: "cilium/synced/"
        ),
        clusterName: "east"
    )

    func change(_ body: (inout CommittedState) throws -> Void) rethrows {
        try self.state.withLock { try body(&$0.store) }
    }

    func put(_ key: [UInt8], _ value: [UInt8]) throws {
        try self.change {
            _ = try $0.keyspace.put(Put(key: ByteBuffer(bytes: key), value: ByteBuffer(bytes: value)))
        }
    }

    func put(_ key: String, _ value: String) throws {
        try self.put(Array(key.utf8), Array(value.utf8))
    }

    func delete(_ key: String) {
        self.change { _ = $0.keyspace.deleteRange(DeleteRange(KeyRange(ByteBuffer(string: key)))) }
    }

    func compact() throws {
        try self.change { state in try state.keyspace.compact(through: state.keyspace.revision) }
    }

    func connect(_ clients: ConnectedClient...) {
        self.state.withLock { $0.clients += clients }
    }
}
