package import Documents
package import MeshSchema

/// A remote cluster: where it is, whom we trust for it, and what it may bring.
package struct PeerSpec: Sendable, Hashable {
    /// Where the cluster's store answers.
    package struct Endpoint: Sendable, Hashable {
        /// The URL.
        package var url: EndpointURL
        /// The name in the server's certificate; `nil`: the URL's host.
        package var serverName: String?
        /// Addresses to use instead of asking DNS.
        package var addresses: [IPAddress]
    }

    /// What is mirrored.
    package struct Mirroring: Sendable, Hashable {
        /// Whether anything is.
        package var isEnabled = true
        /// The kinds; `nil`: all that the peer has.
        package var kinds: [MeshKind]?
    }

    /// What the peer may bring; `nil` is no limit.
    package struct Quota: Sendable, Hashable {
        /// The most keys.
        package var keys: Int?
        /// The most bytes.
        package var bytes: ByteCount?
        /// The most events in a second.
        package var eventsPerSecond: Int?
    }

    /// What the peer's objects may name; an empty list is no limit.
    package struct Guard: Sendable, Hashable {
        /// Where its pods are.
        package var podCIDRs: [AddressBlock] = []
        /// Where its nodes are.
        package var nodeCIDRs: [AddressBlock] = []
        /// Where its services are.
        package var serviceCIDRs: [AddressBlock] = []
        /// How much it may bring.
        package var quota = Quota()
    }

    /// What happens to a peer's objects when nothing was heard of it for long.
    package struct Staleness: Sendable, Hashable {
        /// What happens.
        package enum Action: String, Sendable, Hashable, CaseIterable {
            /// Nothing.
            case keep
            /// Its services are taken away.
            case withdrawServices
            /// Everything is taken away.
            case withdrawAll
        }

        /// How long "long" is.
        package var after: Duration
        /// What happens then.
        package var action: Action
    }

    /// The cluster's id.
    package var clusterID: ClusterID
    /// Where it is, in the order in which to try; each URL once.
    package var endpoints: [Endpoint]
    /// The certificates that may vouch for it, in PEM; `nil`: those of our own mesh.
    package var trust: String?
    /// The name of the certificate that we show; `nil`: the one for remote clusters.
    package var clientCertificate: String?
    /// What is mirrored.
    package var mirror: Mirroring
    /// What it may bring.
    package var `guard`: Guard
    /// What happens when nothing is heard of it.
    package var staleness: Staleness?

    /// Reads the spec; a value is right only if no problem was noted.
    ///
    /// `others` are the names of the other peers by their ids, without the one that is read.
    package init?(_ field: FieldReader, in cluster: ClusterContext, others: [UInt32: String] = [:]) {
        let spec: PeerSpec? = field.object { object in
            let id = object.required("clusterID").flatMap { Self.clusterID($0, cluster, others) }
            let endpoints = object.required("endpoints").flatMap(Self.endpoints)
            let trust = object.optional("trust")?.object { object in
                object.required("pem")?.parsed(maxBytes: CertificateText.byteLimit) {
                    (text) throws(ResourceError) in try CertificateText.check(text)
                }
            }
            let certificate = object.optional("clientCertificate")?.name()
            let mirror = object.optional("mirror").flatMap(Self.mirror)
            let limits = object.optional("guard").flatMap(Self.guard)
            let staleness = object.optional("staleness").flatMap(Self.staleness)
            guard let id, let endpoints else { return nil }
            return PeerSpec(
                clusterID: id,
                endpoints: endpoints,
                trust: trust,
                clientCertificate: certificate,
                mirror: mirror ?? Mirroring(),
                guard: limits ?? Guard(),
                staleness: staleness
            )
        }
        guard let spec else { return nil }
        self = spec
    }

    private init(
        clusterID: ClusterID,
        endpoints: [Endpoint],
        trust: String?,
        clientCertificate: String?,
        mirror: Mirroring,
        guard: Guard,
        staleness: Staleness?
    ) {
        self.clusterID = clusterID
        self.endpoints = endpoints
        self.trust = trust
        self.clientCertificate = clientCertificate
        self.mirror = mirror
        self.`guard` = `guard`
        self.staleness = staleness
    }
}

// MARK: - Reading

extension PeerSpec {
    private static func clusterID(
        _ field: FieldReader,
        _ cluster: ClusterContext,
        _ others: [UInt32: String]
    ) -> ClusterID? {
        guard let number = field.integer(in: 1...Int64(cluster.mesh.rawValue)) else { return nil }
        if UInt32(number) == cluster.id.rawValue {
            return field.reject(.invalidValue, "\(number) is the id of this cluster itself")
        }
        if let other = others[UInt32(number)] {
            return field.reject(.duplicate, "the peer \"\(other)\" has the id \(number)")
        }
        // The range was checked.
        return try? ClusterID(Int(number), in: cluster.mesh)
    }

    private static func endpoints(_ field: FieldReader) -> [Endpoint]? {
        let endpoints = field.uniqueList(limit: 16, by: \.url) { field in
            field.object { object -> Endpoint? in
                let url = object.required("url")?
                    .parsed { (text) throws(ResourceError) in try EndpointURL(text) }
                let serverName = object.optional("serverName")?.name()
                let addresses = object.optional("addresses")?.uniqueList(limit: 16) { $0.address() }
                return url.map { Endpoint(url: $0, serverName: serverName, addresses: addresses ?? []) }
            }
        }
        if case .array(let elements) = field.value, elements.isEmpty {
            return field.reject(.required, "at least one endpoint is required")
        }
        return endpoints
    }

    private static func mirror(_ field: FieldReader) -> Mirroring? {
        field.object { object in
            Mirroring(
                isEnabled: object.optional("enabled")?.boolean() ?? true,
                kinds: object.optional("kinds")?
                    .uniqueList(limit: MeshKind.allCases.count, by: \.rawValue) {
                        $0.choice(of: MeshKind.self)
                    }
            )
        }
    }

    private static func `guard`(_ field: FieldReader) -> Guard? {
        field.object { object in
            Guard(
                podCIDRs: self.blocks(object.optional("podCIDRs")),
                nodeCIDRs: self.blocks(object.optional("nodeCIDRs")),
                serviceCIDRs: self.blocks(object.optional("serviceCIDRs")),
                quota: object.optional("quota").flatMap(Quota.init) ?? Quota()
            )
        }
    }

    private static func blocks(_ field: FieldReader?) -> [AddressBlock] {
        field?.uniqueList(limit: 256) { $0.block() } ?? []
    }

    private static func staleness(_ field: FieldReader) -> Staleness? {
        field.object { object in
            let after = object.required("after")?.duration(in: .seconds(1)...(.seconds(365 * 86_400)))
            let action = object.required("action")?.choice(of: Staleness.Action.self)
            guard let after, let action else { return nil }
            return Staleness(after: after, action: action)
        }
    }
}

extension PeerSpec.Quota {
    /// Reads a quota.
    init?(_ field: FieldReader) {
        let quota: PeerSpec.Quota? = field.object { object in
            PeerSpec.Quota(
                keys: object.optional("keys")?.integer(in: 1...100_000_000).map { Int($0) },
                bytes: object.optional("bytes")?.byteCount(in: 1...1 << 40),
                eventsPerSecond: object.optional("eventsPerSecond")?.integer(in: 1...10_000_000).map {
                    Int($0)
                }
            )
        }
        guard let quota else { return nil }
        self = quota
    }
}
