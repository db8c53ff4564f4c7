import CMicroHTTPD

/// Says what is wrong with credentials; the daemon that is started with them would not.
enum CredentialCheck {
    static func check(_ credentials: ServerConfiguration.Credentials) throws(ServerError) {
        var handle: gnutls_certificate_credentials_t?
        guard unsafe gnutls_certificate_allocate_credentials(&handle) == 0, let handle = unsafe handle else {
            throw .badCredentials(reason: "out of memory")
        }
        defer { unsafe gnutls_certificate_free_credentials(handle) }
        let code = unsafe self.withDatum(credentials.certificateChainPEM) { chain in
            unsafe self.withDatum(credentials.privateKeyPEM) { key in
                unsafe gnutls_certificate_set_x509_key_mem(handle, chain, key, GNUTLS_X509_FMT_PEM)
            }
        }
        guard code >= 0 else { throw .badCredentials(reason: "certificate and key: " + self.reason(code)) }
        guard let authorities = credentials.clientAuthoritiesPEM else { return }
        let count = unsafe self.withDatum(authorities) { authorities in
            unsafe gnutls_certificate_set_x509_trust_mem(handle, authorities, GNUTLS_X509_FMT_PEM)
        }
        guard count > 0 else { throw .badCredentials(reason: "client authorities: " + self.reason(count)) }
    }

    private static func reason(_ code: Int32) -> String {
        unsafe gnutls_strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }

    private static func withDatum(_ bytes: [UInt8], _ body: (UnsafePointer<gnutls_datum_t>) -> Int32) -> Int32
    {
        var bytes = bytes
        return unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            var datum = unsafe gnutls_datum_t(data: buffer.baseAddress, size: UInt32(buffer.count))
            return unsafe withUnsafePointer(to: &datum) { unsafe body($0) }
        }
    }
}
