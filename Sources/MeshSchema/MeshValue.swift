package import NIOCore

/// The value under any key, as far as it can be read.
package enum MeshValue: Sendable, Hashable {
    /// A node's.
    case node(NodeValue)
    /// A service's.
    case service(ServiceValue)
    /// A service export's.
    case serviceExport(ServiceExportValue)
    /// An identity's.
    case identity(IdentityLabels)
    /// An address's.
    case endpoint(AddressValue)
    /// A cluster's configuration.
    case clusterConfiguration(ClusterConfiguration)
    /// Bytes of which nothing is known, or nothing is checked: heartbeats, canaries, locks, foreign values.
    case other
    /// An endpoint slice: compressed (zstd), and not read by this program.
    case compressed
    /// Not what Cilium writes under such a key; the sentence says why.
    case malformed(String)

    /// Reads the value under a key; never fails.
    package init(_ bytes: ByteBuffer, under key: MeshKey) {
        do throws(MeshSchemaError) {
            switch key.kind {
            case .node: self = .node(try NodeValue(decoding: bytes))
            case .service: self = .service(try ServiceValue(decoding: bytes))
            case .serviceExport: self = .serviceExport(try ServiceExportValue(decoding: bytes))
            case .identity: self = .identity(try IdentityLabels(decoding: bytes))
            case .endpoint: self = .endpoint(try AddressValue(decoding: bytes))
            case .clusterConfiguration:
                self = .clusterConfiguration(try ClusterConfiguration(decoding: bytes))
            case .endpointSlice:
                let isFrame = bytes.readableBytesView.starts(with: Self.zstdMagic)
                self = isFrame ? .compressed : .malformed("it is not compressed (zstd)")
            case .heartbeat, .canary, .lock, .unknown: self = .other
            }
        } catch {
            self = .malformed(error.reason)
        }
    }

    /// What a frame of zstd begins with (RFC 8878 §3.1.1).
    private static let zstdMagic: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd]

    /// Why Cilium's agents refuse the value under this key, as a sentence; `nil` when they take it, or do not
    /// read it.
    ///
    /// They compare what the value says of itself with its key (`ValidatingNode`, `ClusterService.validate`,
    /// `IPIdentityPair.UnmarshalKey`), and need no more than both.
    package func problem(under key: MeshKey) -> String? {
        switch self {
        case .malformed(let reason): reason
        case .other, .compressed, .clusterConfiguration: nil
        case .node(let node):
            Self.mismatch([("cluster", node.cluster, key.cluster), ("name", node.name, key.name)])
        case .service(let service):
            Self.mismatch([
                ("cluster", service.cluster, key.cluster), ("namespace", service.namespace, key.namespace),
                ("name", service.name, key.name),
            ])
        case .serviceExport(let export):
            Self.mismatch([
                ("cluster", export.cluster, key.cluster), ("namespace", export.namespace, key.namespace),
                ("name", export.name, key.name),
            ])
        case .endpoint(let endpoint): Self.mismatch([("address", endpoint.keyName, key.name)])
        case .identity(let labels):
            if key.name.flatMap({ UInt64($0) }) == nil {
                "the key does not end with a number"
            } else if let cluster = labels.cluster {
                Self.mismatch([("cluster", cluster, key.cluster)])
            } else {
                "no label names the cluster"
            }
        }
    }

    private static func mismatch(_ pairs: [(what: String, said: String, key: String?)]) -> String? {
        for (what, said, key) in pairs {
            // Keys of the state tree may name no cluster.
            guard let key, key != said else { continue }
            return "the value says that its \(what) is \"\(said)\", the key says \"\(key)\""
        }
        return nil
    }
}

extension MeshSchemaError {
    /// What is wrong with a value, without saying of which.
    fileprivate var reason: String {
        switch self {
        case .malformedValue(_, let reason), .malformedClusterConfiguration(let reason): reason
        default: self.description
        }
    }
}
