import Documents
import MeshResources
import MeshSchema
import MicroHTTP
import Persistence

/// What the server is and who asks it.
struct SystemResource: Sendable {
    let environment: AdminEnvironment
    /// The kinds whose objects are counted.
    let kinds: [ObjectKind]

    var operations: [Operation] {
        [
            Operation("getSystemInfo", "GET", "/api/v1/system/info", .scope(.viewer)) {
                (call) throws(Problem) in Reply(document: await self.info())
            },
            Operation("whoAmI", "GET", "/api/v1/whoami", .scope(.viewer)) { (call) throws(Problem) in
                try Self.whoAmI(call)
            },
        ]
    }

    private static func whoAmI(_ call: Call) throws(Problem) -> Reply {
        guard let caller = call.caller else { throw Problem(.internal, "the operation needs a caller") }
        return Reply(
            document: [
                "kind": "WhoAmI",
                "name": .string(caller.name),
                "method": .string(caller.method.rawValue),
                "scopes": .array(caller.scopes.map { .string($0.rawValue) }),
                "address": .string(caller.address),
            ]
        )
    }

    private func info() async -> DocumentValue {
        let facts = await self.environment.systemFacts()
        let tables = self.environment.store.tables
        let cluster = self.environment.cluster
        let now = self.environment.now()
        return [
            "kind": "SystemInfo",
            "version": .string(facts.version),
            "clusterName": .string(cluster.name.rawValue),
            "clusterID": .integer(Int64(cluster.id.rawValue)),
            "maxConnectedClusters": .integer(Int64(cluster.mesh.rawValue)),
            "startTime": .string(Moment.text(facts.startTime)),
            "time": .string(Moment.text(now)),
            "uptimeSeconds": .integer(max(0, now - facts.startTime) / 1_000_000_000),
            "ready": .bool(facts.isReady),
            "store": [
                "revision": .string(String(facts.revision)),
                // A store that was never compacted says -1, as etcd's does inside.
                "compactedRevision": .string(String(max(0, facts.compactedRevision))),
                "keys": .integer(Int64(facts.keys)),
                "bytes": .integer(Int64(facts.bytes)),
                "durability": .string(facts.durability),
            ],
            "dataPlane": [
                "address": .string(facts.dataAddress),
                "connections": .integer(Int64(facts.connections)),
                "watches": .integer(Int64(facts.watches)),
            ],
            "objects": .object(
                self.kinds.reduce(into: DocumentObject()) { counts, kind in
                    counts[kind.plural] = .integer(Int64(tables.count(kind.plural)))
                }
            ),
            "certificates": .array(
                facts.certificates.map { certificate in
                    [
                        "name": .string(certificate.name),
                        "notAfter": .string(Moment.text(certificate.notAfter * 1_000_000_000)),
                    ]
                }
            ),
            "events": ["newest": .string(String(tables.resourceVersion))],
        ]
    }
}
