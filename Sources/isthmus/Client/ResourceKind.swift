/// A kind of object that the API serves, by its names.
struct ResourceKind: Sendable, Hashable {
    /// The kind as it stands in documents: `ExportRule`.
    let kind: String
    /// The path below `/api/v1`, and the name on the command line: `export-rules`.
    let plural: String
    /// The name of one: `export-rule`.
    let singular: String
    /// Other names on the command line.
    let shortNames: [String]
    /// Whether names are within a namespace.
    var isNamespaced = false
    /// Whether there is exactly one.
    var isSingleton = false
    /// Whether files may have such objects.
    var isConfiguration = false
    /// What a table shows, after the name.
    let columns: [ResourceColumn]

    /// The kind whose plural, singular, short name or document name is `name`, in any case.
    static func named(_ name: String) -> ResourceKind? {
        let plain = Self.plain(name)
        return Self.all.first { kind in
            ([kind.kind, kind.plural, kind.singular] + kind.shortNames).contains { Self.plain($0) == plain }
        }
    }

    /// The path of the collection or, for what there is one of, of the object.
    var path: [String] { ["api", "v1", self.plural] }

    /// Returns the path of the object with a name, which has the namespace before a slash.
    ///
    /// - Throws: A failure with ``ExitStatus/usage`` when the name has the wrong form.
    func path(of name: String) throws(CommandFailure) -> [String] {
        if self.isSingleton { return self.path }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == (self.isNamespaced ? 2 : 1), !parts.contains("") else {
            let form = self.isNamespaced ? "NAMESPACE/NAME" : "NAME"
            throw CommandFailure(.usage, "\"\(name)\" is not the name of a \(self.singular): write \(form)")
        }
        return self.path + parts
    }

    private static func plain(_ name: String) -> String { name.lowercased().filter { $0 != "-" } }

    /// All kinds, in the order of the help.
    static let all: [ResourceKind] = [
        ResourceKind(
            kind: "Peer",
            plural: "peers",
            singular: "peer",
            shortNames: ["p"],
            isConfiguration: true,
            columns: [
                .init("CLUSTER-ID", "spec.clusterID"), .init("PHASE", "status.phase"),
                .init("ENDPOINTS", "spec.endpoints.url"), .applied, .age,
            ]
        ),
        Self.rule("ExportRule", "export-rule", short: "er"),
        Self.rule("ImportRule", "import-rule", short: "ir"),
        ResourceKind(
            kind: "Service",
            plural: "services",
            singular: "service",
            shortNames: ["svc"],
            isNamespaced: true,
            isConfiguration: true,
            columns: [
                .init("FRONTENDS", "spec.frontends.ip"), .init("BACKENDS", "spec.backends", .count),
                .init("SHARED", "spec.shared"), .init("AFFINITY", "spec.affinity"), .applied, .age,
            ]
        ),
        ResourceKind(
            kind: "Node",
            plural: "nodes",
            singular: "node",
            shortNames: ["no"],
            isConfiguration: true,
            columns: [
                .init("ADDRESSES", "spec.addresses.ip"), .init("POD-CIDRS", "spec.podCIDRs"), .applied, .age,
            ]
        ),
        ResourceKind(
            kind: "Identity",
            plural: "identities",
            singular: "identity",
            shortNames: ["id"],
            isConfiguration: true,
            columns: [.init("LABELS", "spec.labels"), .applied, .age]
        ),
        ResourceKind(
            kind: "Endpoint",
            plural: "endpoints",
            singular: "endpoint",
            shortNames: ["ep"],
            isConfiguration: true,
            columns: [
                .init("IDENTITY", "spec.identity"), .init("HOST", "spec.hostIP"),
                .init("NAMESPACE", "spec.namespace"), .init("POD", "spec.pod"), .applied, .age,
            ]
        ),
        ResourceKind(
            kind: "Settings",
            plural: "settings",
            singular: "settings",
            shortNames: [],
            isSingleton: true,
            isConfiguration: true,
            columns: [
                .init("EXPORT-DEFAULT", "spec.exportDefault"), .init("IMPORT-DEFAULT", "spec.importDefault"),
            ]
        ),
        ResourceKind(
            kind: "GlobalService",
            plural: "global-services",
            singular: "global-service",
            shortNames: ["gsvc"],
            isNamespaced: true,
            columns: [
                .init("CLUSTERS", "status.clusters.cluster"), .init("BACKENDS", "status.backends"),
                .init("READY", "status.clusters.ready"), .init("SHARED", "status.shared"),
                .init("AFFINITY", "status.affinity"),
            ]
        ),
        ResourceKind(
            kind: "Client",
            plural: "clients",
            singular: "client",
            shortNames: ["conn"],
            columns: [
                .init("IDENTITY", "status.identity"), .init("ADDRESS", "status.address"),
                .init("WATCHES", "status.watches"), .init("LAG", "status.lagRevisions"), .age,
            ]
        ),
        ResourceKind(
            kind: "Operation",
            plural: "operations",
            singular: "operation",
            shortNames: ["op"],
            columns: [
                .init("ACTION", "spec.action"), .init("STATE", "status.state"),
                .init("DONE", "status.progress.done"), .init("TOTAL", "status.progress.total"), .age,
            ]
        ),
        ResourceKind(
            kind: "Token",
            plural: "tokens",
            singular: "token",
            shortNames: [],
            columns: [.init("SCOPES", "spec.scopes"), .init("EXPIRES", "spec.expiresAt"), .age]
        ),
    ]

    private static func rule(_ kind: String, _ singular: String, short: String) -> ResourceKind {
        ResourceKind(
            kind: kind,
            plural: singular + "s",
            singular: singular,
            shortNames: [short],
            isConfiguration: true,
            columns: [
                .init("PRIORITY", "spec.priority"), .init("ACTION", "spec.action"),
                .init("PEERS", "spec.peers.names"), .init("KINDS", "spec.kinds"),
                .init("NAMESPACES", "spec.namespaces"), .applied, .age,
            ]
        )
    }
}
