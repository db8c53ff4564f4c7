import NIOSSL

/// Whom a client trusts, and who it is itself.
package struct TLSIdentity: Sendable, Hashable {
    /// The files of a client certificate, PEM.
    package struct Certificate: Sendable, Hashable {
        let chain: String
        let key: String

        /// Creates the pair of a certificate chain's path and its key's.
        package init(chain: String, key: String) {
            self.chain = chain
            self.key = key
        }
    }

    /// The path of the authorities to trust, PEM; `nil`: those of the system.
    package let authorities: String?
    /// The certificate to show; `nil`: none.
    package let certificate: Certificate?

    /// Creates an identity; reads nothing yet.
    package init(authorities: String? = nil, certificate: Certificate? = nil) {
        self.authorities = authorities
        self.certificate = certificate
    }

    /// Reads the files; the server's name is always verified.
    func configuration() throws(AdminClientError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let path = self.authorities {
            let authorities = try Self.read("authorities", path) { try NIOSSLCertificate.fromPEMFile(path) }
            guard !authorities.isEmpty else { throw .invalidFile("\(path): there is no certificate in it") }
            configuration.trustRoots = .certificates(authorities)
        }
        if let certificate = self.certificate {
            let chain = try Self.read("certificate", certificate.chain) {
                try NIOSSLCertificate.fromPEMFile(certificate.chain)
            }
            guard !chain.isEmpty else {
                throw .invalidFile("\(certificate.chain): there is no certificate in it")
            }
            configuration.certificateChain = chain.map { .certificate($0) }
            let key = try Self.read("key", certificate.key) {
                try NIOSSLPrivateKey(file: certificate.key, format: .pem)
            }
            configuration.privateKey = .privateKey(key)
        }
        return configuration
    }

    private static func read<Value>(
        _ what: String,
        _ path: String,
        _ body: () throws -> Value
    ) throws(AdminClientError) -> Value {
        do {
            return try body()
        } catch {
            throw .invalidFile("\(path): the \(what) cannot be read as PEM")
        }
    }
}
