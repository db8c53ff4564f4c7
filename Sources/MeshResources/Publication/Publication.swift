package import MeshSchema
package import NIOCore

/// What other clusters get to see of an object: keys and values exactly as Cilium's own programs write them.
///
/// Sources: Cilium's `clustermesh-apiserver` (converters of nodes, identities and endpoints) and
/// `operator/watchers/service_sync.go`.
package enum Publication {
    /// A key and its value.
    package struct Entry: Sendable, Hashable {
        /// The key.
        package let key: String
        /// The value.
        package let value: ByteBuffer
    }

    /// Returns the keys that an object of that name may have, in order.
    package static func keys(
        of kind: PublishedKind,
        named name: String,
        in cluster: ClusterContext
    ) -> [String] {
        [ObjectKey.published(kind.resource, by: cluster.name, name: name).description]
    }

    /// Returns what an object becomes, in the order of keys; nothing for a service that is not shared.
    package static func entries(of object: PublishedObject, in cluster: ClusterContext) -> [Entry] {
        guard let value = self.value(of: object, in: cluster) else { return [] }
        return self.keys(of: object.kind, named: object.name, in: cluster).map {
            Entry(key: $0, value: value)
        }
    }

    /// The keys that say that all objects are there: agents read a resource only once its key exists.
    package static func canaries(in cluster: ClusterContext) -> [String] {
        PublishedKind.allCases.map {
            KeyPrefixes.canary(for: $0.resource, in: .state, of: cluster.name)
        }
    }

    private static func value(of object: PublishedObject, in cluster: ClusterContext) -> ByteBuffer? {
        switch object.spec {
        case .service(let spec):
            // Cilium deletes what is no longer shared; readers would take the value for a deletion.
            spec.isShared ? self.service(spec, object.name, cluster).encoded() : nil
        case .node(let spec): self.node(spec, object, cluster).encoded()
        case .identity(let spec): spec.labels.encoded()
        case .endpoint(let spec): self.address(spec, object.name)?.encoded()
        }
    }

    private static func service(
        _ spec: ServiceSpec,
        _ fullName: String,
        _ cluster: ClusterContext
    ) -> ServiceValue {
        let parts = fullName.split(separator: "/", maxSplits: 1).map { String($0) }
        var value = ServiceValue(
            cluster: cluster.name.rawValue,
            clusterID: cluster.id.rawValue,
            namespace: parts.first ?? "",
            name: parts.last ?? ""
        )
        for frontend in spec.frontends { value.frontends[frontend.ip] = self.ports(frontend.ports) }
        // A value has no place for conditions, so whoever neither takes nor finishes requests is left out.
        for backend in spec.backends where backend.isReady || backend.isServing {
            value.backends[backend.ip] = self.ports(backend.ports)
            if !backend.hostname.isEmpty { value.hostnames[backend.ip] = backend.hostname }
            if !backend.zone.isEmpty {
                value.zones[backend.ip] = .init(zone: backend.zone, forZones: backend.forZones)
            }
        }
        value.labels = spec.labels
        value.selector = spec.selector
        return value
    }

    private static func ports(_ ports: [ServiceSpec.Port]) -> ServiceValue.Ports {
        ports.reduce(into: [:]) { map, port in
            map[port.name] = .init(protocol: port.protocol.rawValue, port: port.port)
        }
    }

    private static func node(
        _ spec: NodeSpec,
        _ object: PublishedObject,
        _ cluster: ClusterContext
    ) -> NodeValue {
        var value = NodeValue(
            name: object.name,
            cluster: cluster.name.rawValue,
            clusterID: cluster.id.rawValue
        )
        // In Go, what was never set is nil, and nil is not written as an empty list.
        value.addresses =
            spec.addresses.isEmpty ? nil : spec.addresses.map { .init(type: $0.type.rawValue, ip: $0.ip) }
        value.ipv4 = self.family(.v4, of: spec)
        value.ipv6 = self.family(.v6, of: spec)
        value.encryptionKey = spec.encryptionKey
        value.labels = object.labels.isEmpty ? nil : object.labels
        value.annotations = object.annotations.isEmpty ? nil : object.annotations
        value.wireguardPublicKey = spec.wireguardPublicKey
        value.bootID = spec.bootID
        return value
    }

    private static func family(_ family: IPAddress.Family, of spec: NodeSpec) -> NodeValue.FamilyAddresses {
        let blocks = spec.podCIDRs.filter { $0.network.family == family }
        return NodeValue.FamilyAddresses(
            allocationBlock: blocks.first,
            secondaryBlocks: blocks.count > 1 ? Array(blocks[1...]) : nil,
            health: spec.healthIPs.first { $0.family == family },
            ingress: spec.ingressIPs.first { $0.family == family }
        )
    }

    private static func address(_ spec: EndpointSpec, _ name: String) -> AddressValue? {
        guard let address = IPAddress(name) else { return nil }
        var value = AddressValue(address: address, hostIP: spec.hostIP, identity: spec.identity)
        value.encryptionKey = spec.encryptionKey
        value.namespace = spec.namespace
        value.pod = spec.pod
        value.serviceAccount = spec.serviceAccount
        value.namedPorts = spec.namedPorts.map {
            .init(name: $0.name, port: $0.port, protocol: $0.protocol.rawValue)
        }
        return value
    }
}

extension PublishedKind {
    /// The kind in Cilium's keys.
    package var resource: ResourceKind {
        switch self {
        case .services: .services
        case .nodes: .nodes
        case .identities: .identities
        case .endpoints: .addresses
        }
    }
}
