package import Documents
package import MeshSchema

/// What is behind an address: an identity, on a node.
package struct EndpointSpec: Sendable, Hashable {
    /// A port that a pod gave a name.
    package struct NamedPort: Sendable, Hashable {
        /// The name.
        package var name: String
        /// The port.
        package var port: UInt16
        /// The protocol.
        package var `protocol`: TransportProtocol
    }

    /// The last of the numbers that mean the same in every cluster.
    package static let lastReservedIdentity: UInt32 = 255

    /// The number of the identity: one of the cluster's, or a reserved one.
    package var identity: UInt32
    /// The node that has the address; `nil` when it is not behind a node.
    package var hostIP: IPAddress?
    /// The index of the encryption key; zero for none.
    package var encryptionKey: UInt8
    /// The pod's namespace, or nothing.
    package var namespace: String
    /// The pod's name, or nothing.
    package var pod: String
    /// The pod's service account, or nothing.
    package var serviceAccount: String
    /// The pod's named ports, each name once.
    package var namedPorts: [NamedPort]

    /// Reads the spec; a value is right only if no problem was noted.
    package init?(_ field: FieldReader, in cluster: ClusterContext) {
        let spec: EndpointSpec? = field.object { object in
            let identity = object.required("identity").flatMap { Self.identity($0, cluster) }
            let hostIP = object.optional("hostIP")?.address()
            let encryptionKey = object.optional("encryptionKey")?.encryptionKey()
            let namespace = object.optional("namespace")?.label()
            let pod = object.optional("pod")?.name()
            let serviceAccount = object.optional("serviceAccount")?.name()
            let ports = object.optional("namedPorts")?.uniqueList(limit: 100, by: \.name, Self.namedPort)
            guard let identity else { return nil }
            return EndpointSpec(
                identity: identity,
                hostIP: hostIP,
                encryptionKey: encryptionKey ?? 0,
                namespace: namespace ?? "",
                pod: pod ?? "",
                serviceAccount: serviceAccount ?? "",
                namedPorts: ports ?? []
            )
        }
        guard let spec else { return nil }
        self = spec
    }

    private init(
        identity: UInt32,
        hostIP: IPAddress?,
        encryptionKey: UInt8,
        namespace: String,
        pod: String,
        serviceAccount: String,
        namedPorts: [NamedPort]
    ) {
        self.identity = identity
        self.hostIP = hostIP
        self.encryptionKey = encryptionKey
        self.namespace = namespace
        self.pod = pod
        self.serviceAccount = serviceAccount
        self.namedPorts = namedPorts
    }

    private static func identity(_ field: FieldReader, _ cluster: ClusterContext) -> UInt32? {
        guard let number = field.integer(in: 1...Int64(UInt32.max)) else { return nil }
        let identity = UInt32(number)
        let range = cluster.identities
        guard identity <= self.lastReservedIdentity || range.contains(identity) else {
            return field.reject(
                .outOfRange,
                """
                must be from \(range.lowerBound) to \(range.upperBound), the identities of this cluster, or \
                a reserved one from 1 to \(self.lastReservedIdentity)
                """
            )
        }
        return identity
    }

    private static func namedPort(_ field: FieldReader) -> NamedPort? {
        field.object { object in
            let name = object.required("name")?.label()
            let port = object.required("port")?.port()
            let transport = object.optional("protocol").map { $0.choice(of: TransportProtocol.self) }
            guard let name, let port, let transport = transport ?? .tcp else { return nil }
            return NamedPort(name: name, port: port, protocol: transport)
        }
    }
}
