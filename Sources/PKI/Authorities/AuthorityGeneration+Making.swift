extension AuthorityGeneration {
    /// How an authority of our own is made.
    package struct Settings: Hashable, Sendable {
        /// The cluster, which stands in the names.
        package var clusterName: String
        /// Which generation it is, counted from one.
        package var number: Int
        /// The life of the root.
        package var rootValidity: Validity
        /// The life of the authority below it, which issues the leaves; cut off where the root's ends.
        package var issuingValidity: Validity

        /// Creates settings.
        package init(clusterName: String, number: Int, rootValidity: Validity, issuingValidity: Validity) {
            self.clusterName = clusterName
            self.number = number
            self.rootValidity = rootValidity
            self.issuingValidity = issuingValidity
        }
    }

    /// Makes a root and, below it, the authority that issues leaves and nothing else.
    ///
    /// - Parameters:
    ///   - settings: Names and lives.
    ///   - rootKey: The root's key.
    ///   - issuingKey: The issuing authority's key.
    ///   - now: The time in seconds since 1970.
    ///   - generator: The source of serial numbers.
    /// - Returns: The generation with both keys.
    /// - Throws: ``PKIError/invalidName(_:reason:)``, ``PKIError/invalidValidity(_:)``,
    ///   ``PKIError/issuerNotYetValid(issuer:validity:now:)``.
    package static func make(
        _ settings: Settings,
        rootKey: PrivateKey,
        issuingKey: PrivateKey,
        now: Int64,
        using generator: inout some RandomNumberGenerator
    ) throws(PKIError) -> AuthorityGeneration {
        let root = try CertificateAuthority.makeRoot(
            commonName: CertificateAuthority.rootCommonName(
                cluster: settings.clusterName,
                generation: settings.number
            ),
            key: rootKey,
            serialNumber: .random(using: &generator),
            validity: settings.rootValidity,
            pathLength: 1
        )
        let issuing = try root.makeSubordinate(
            commonName: CertificateAuthority.issuingCommonName(
                cluster: settings.clusterName,
                generation: settings.number
            ),
            key: issuingKey,
            serialNumber: .random(using: &generator),
            validity: settings.issuingValidity.clamped(to: root.validity),
            now: now
        )
        return try AuthorityGeneration(
            certificate: issuing.certificate,
            chain: issuing.chain,
            key: issuingKey,
            rootKey: rootKey
        )
    }
}
