package import MeshSchema

/// What an object may be called.
package enum ResourceNames {
    /// Checks the name of an object of `kind`; a service's is `namespace/name`.
    ///
    /// A name is also the end of a key, so one object has one name: an address or a number in another
    /// notation than the canonical one is refused.
    package static func check(
        _ name: String,
        of kind: ManagedKind,
        in cluster: ClusterContext
    ) throws(ResourceError) {
        switch kind {
        case .peers: try self.checkPeer(name, cluster)
        case .exportRules, .importRules, .tokens, .nodes: _ = try DNSText.name(name)
        case .services: _ = try self.splitService(name)
        case .identities: _ = try self.identity(name, cluster)
        case .endpoints: _ = try self.address(name)
        case .settings:
            guard name == ManagedKind.settingsName else {
                throw .notTheOnlyName(name, only: ManagedKind.settingsName)
            }
        }
    }

    /// Splits `namespace/name`.
    package static func splitService(
        _ name: String
    ) throws(ResourceError) -> (namespace: String, name: String) {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw .notNamespacedName(name) }
        return (try DNSText.label(String(parts[0])), try DNSText.label(String(parts[1])))
    }

    /// Returns the number that the name of an identity is.
    package static func identity(
        _ name: String,
        _ cluster: ClusterContext
    ) throws(ResourceError) -> UInt32 {
        let range = cluster.identities
        // Other ways to write the number ("+1", "01") would be other keys.
        guard let number = UInt32(name), range.contains(number), String(number) == name else {
            throw .identityOutOfRange(name, first: range.lowerBound, last: range.upperBound)
        }
        return number
    }

    /// Returns the address that the name of an endpoint is.
    package static func address(_ name: String) throws(ResourceError) -> IPAddress {
        guard let address = IPAddress(name) else { throw .notAddress(name) }
        guard address.description == name else {
            throw .notCanonicalAddress(name, canonical: address.description)
        }
        return address
    }

    private static func checkPeer(_ name: String, _ cluster: ClusterContext) throws(ResourceError) {
        guard try self.clusterName(name) != cluster.name else { throw .ownCluster(name) }
    }

    /// Returns the name of a cluster.
    static func clusterName(_ name: String) throws(ResourceError) -> ClusterName {
        do throws(MeshSchemaError) {
            return try ClusterName(name)
        } catch {
            throw .notClusterName(error)
        }
    }
}
