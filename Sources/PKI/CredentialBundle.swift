/// What one side of a TLS connection presents and trusts: a leaf, its chain, its key, and the roots.
///
/// A value of immutable parts; any thread. TLS libraries take the PEM or DER bytes, never OpenSSL's objects.
package struct CredentialBundle: Sendable {
    /// The certificate to present.
    package let leaf: Certificate
    /// The certificates between the leaf and a root, nearest first; empty when a root issued the leaf.
    package let chain: [Certificate]
    /// The leaf's private key.
    package let key: PrivateKey
    /// The leaf's private key as PKCS#8 in PEM.
    package let keyPEM: SecretBytes
    /// The roots to trust, and what came with them.
    package let trustRoots: [Certificate]

    /// Puts a bundle together.
    ///
    /// - Throws: ``PKIError/keyMismatch(commonName:)`` when the key is not the leaf's.
    package init(
        leaf: Certificate,
        chain: [Certificate],
        key: PrivateKey,
        trustRoots: [Certificate]
    ) throws(PKIError) {
        guard key.matches(leaf) else { throw .keyMismatch(commonName: leaf.commonName) }
        self.leaf = leaf
        self.chain = chain
        self.key = key
        self.keyPEM = try key.pem()
        self.trustRoots = trustRoots
    }

    /// The leaf and its chain as one PEM text: what is presented.
    package var certificateChainPEM: [UInt8] {
        ([self.leaf] + self.chain).pem
    }

    /// The roots as one PEM text.
    package var trustRootsPEM: [UInt8] {
        self.trustRoots.pem
    }
}

/// A server's first set of credentials: what its ``PKIDirectory`` holds.
package struct MeshCredentials: Sendable {
    /// The mesh's own authority, or `nil` when its key is kept elsewhere.
    package let authority: CertificateAuthority?
    /// The authority's key where it is in the directory.
    package let authorityKey: PrivateKey?
    /// The authority's certificate, and others that its file holds.
    package let trustRoots: [Certificate]
    /// The data plane's server certificate.
    package let server: CredentialBundle
    /// The administrator's client certificate.
    package let admin: CredentialBundle
    /// The local agents' client certificate.
    package let local: CredentialBundle
    /// The remote agents' client certificate.
    package let remote: CredentialBundle
    /// What was done or found on the way, in order: for the log.
    package let notices: [PKIDirectory.Notice]

    /// Returns the bundle of `profile`.
    package subscript(profile: CertificateProfile) -> CredentialBundle {
        switch profile {
        case .server: self.server
        case .admin: self.admin
        case .local: self.local
        case .remote: self.remote
        }
    }
}
