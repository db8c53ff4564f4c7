package import Documents
package import MeshSchema

/// A global service with its backends in this cluster.
package struct ServiceSpec: Sendable, Hashable {
    /// A port of a frontend or a backend; one without a name has the empty name.
    package struct Port: Sendable, Hashable {
        /// The name, which joins a backend's port to a frontend's.
        package var name: String
        /// The port.
        package var port: UInt16
        /// The protocol.
        package var `protocol`: TransportProtocol
    }

    /// An address of the service itself.
    package struct Frontend: Sendable, Hashable {
        /// The address.
        package var ip: IPAddress
        /// The ports, each name once.
        package var ports: [Port]
    }

    /// An address that answers.
    package struct Backend: Sendable, Hashable {
        /// The address.
        package var ip: IPAddress
        /// The host name, or nothing.
        package var hostname: String
        /// The zone, or nothing.
        package var zone: String
        /// The zones whose clients should prefer the backend.
        package var forZones: [String]
        /// Whether the backend takes new connections.
        package var isReady: Bool
        /// Whether the backend answers those it has, also while it ends.
        package var isServing: Bool
        /// Whether the backend is about to end.
        package var isTerminating: Bool
        /// The ports, each name once.
        package var ports: [Port]
    }

    /// Which backends clients of a cluster should prefer.
    package enum Affinity: String, Sendable, Hashable, CaseIterable {
        /// None.
        case none
        /// Those of their own cluster.
        case local
        /// Those of other clusters.
        case remote
    }

    /// The most frontends.
    package static let frontendLimit = 64
    /// The most backends.
    package static let backendLimit = 5_000
    /// The most ports of an address.
    package static let portLimit = 100
    /// The most ports of all backends together: one value must fit into a request of etcd.
    package static let totalPortLimit = 10_000

    /// The addresses of the service, each once; none for a headless one.
    package var frontends: [Frontend]
    /// The addresses that answer, each once.
    package var backends: [Backend]
    /// Whether other clusters may use the backends.
    package var isShared: Bool
    /// Which backends clients should prefer.
    ///
    /// Agents go by what their own cluster says, so other clusters do not get to see it.
    package var affinity: Affinity
    /// The service's labels.
    package var labels: [String: String]
    /// What selects the service's pods.
    package var selector: [String: String]

    /// Reads the spec; a value is right only if no problem was noted.
    package init?(_ field: FieldReader) {
        let spec: ServiceSpec? = field.object { object in
            let frontends = object.optional("frontends")?
                .uniqueList(limit: Self.frontendLimit, by: \.ip, Self.frontend)
            let backends = object.optional("backends")
            let read = backends?.uniqueList(limit: Self.backendLimit, by: \.ip, Self.backend)
            if (read ?? []).reduce(0, { $0 + $1.ports.count }) > Self.totalPortLimit {
                backends?.reject(.tooMany, "more than \(Self.totalPortLimit) ports in all") as Void?
            }
            return ServiceSpec(
                frontends: frontends ?? [],
                backends: read ?? [],
                isShared: object.optional("shared")?.boolean() ?? true,
                affinity: object.optional("affinity")?.choice(of: Affinity.self) ?? .none,
                labels: object.optional("labels").flatMap(ObjectLabels.labels) ?? [:],
                selector: object.optional("selector").flatMap(ObjectLabels.labels) ?? [:]
            )
        }
        guard let spec else { return nil }
        self = spec
    }

    private init(
        frontends: [Frontend],
        backends: [Backend],
        isShared: Bool,
        affinity: Affinity,
        labels: [String: String],
        selector: [String: String]
    ) {
        self.frontends = frontends
        self.backends = backends
        self.isShared = isShared
        self.affinity = affinity
        self.labels = labels
        self.selector = selector
    }

    private static func frontend(_ field: FieldReader) -> Frontend? {
        field.object { object in
            let ip = object.required("ip")?.address()
            let ports = object.optional("ports").flatMap(self.ports) ?? []
            return ip.map { Frontend(ip: $0, ports: ports) }
        }
    }

    private static func backend(_ field: FieldReader) -> Backend? {
        field.object { object in
            let ip = object.required("ip")?.address()
            var conditions = (ready: true, serving: Bool?.none, terminating: false)
            _ = object.optional("conditions")?.object { object in
                conditions.ready = object.optional("ready")?.boolean() ?? true
                conditions.serving = object.optional("serving")?.boolean()
                conditions.terminating = object.optional("terminating")?.boolean() ?? false
                return true
            }
            let hostname = object.optional("hostname")?.label()
            let zone = object.optional("zone")?.labelValue()
            let forZones = object.optional("forZones")?.uniqueList(limit: 8) { $0.labelValue() }
            let ports = object.optional("ports").flatMap(self.ports)
            return ip.map { ip in
                Backend(
                    ip: ip,
                    hostname: hostname ?? "",
                    zone: zone ?? "",
                    forZones: forZones ?? [],
                    isReady: conditions.ready,
                    // As in Kubernetes, what is not said of serving is what is said of ready.
                    isServing: conditions.serving ?? conditions.ready,
                    isTerminating: conditions.terminating,
                    ports: ports ?? []
                )
            }
        }
    }

    private static func ports(_ field: FieldReader) -> [Port]? {
        field.uniqueList(limit: self.portLimit, by: \.name) { field in
            field.object { object in
                let name = object.optional("name").map { $0.value == "" ? "" : $0.label() } ?? ""
                let port = object.required("port")?.port()
                let transport = object.optional("protocol").map { $0.choice(of: TransportProtocol.self) }
                guard let name, let port, let transport = transport ?? .tcp else { return nil }
                return Port(name: name, port: port, protocol: transport)
            }
        }
    }
}
