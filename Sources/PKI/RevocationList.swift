import COpenSSL

/// The serial numbers that an authority has revoked (a CRL, RFC 5280 §5).
package struct RevocationList: Hashable, Sendable {
    private let serialNumbers: Set<[UInt8]>

    /// Reads a list in PEM or DER.
    ///
    /// As in etcd the list's own signature is not verified: it is a file of the operator.
    package init(_ bytes: [UInt8]) throws(PKIError) {
        let isPEM = bytes.starts(with: "-----BEGIN".utf8)
        let list: OpaquePointer
        if isPEM {
            let stream = try unsafe MemoryStream.reading(bytes.span.bytes)
            OpenSSLErrors.clear()
            let read = unsafe stream.withBIO { unsafe PEM_read_bio_X509_CRL($0, nil, nil, nil) }
            guard let read = unsafe read else { throw OpenSSLErrors.malformed("revocation list") }
            unsafe list = read
        } else {
            unsafe list = try unsafe decodedDER(
                "revocation list",
                bytes.span.bytes,
                free: { unsafe X509_CRL_free($0) },
                decode: { unsafe d2i_X509_CRL(nil, $0, $1) }
            )
        }
        defer { unsafe X509_CRL_free(list) }
        var serialNumbers: Set<[UInt8]> = []
        let revoked = unsafe X509_CRL_get_REVOKED(list)
        for index in 0..<max(0, unsafe OPENSSL_sk_num(revoked)) {
            guard let entry = unsafe OPENSSL_sk_value(revoked, index) else { continue }
            let number = unsafe X509_REVOKED_get0_serialNumber(OpaquePointer(entry))
            serialNumbers.insert(unsafe SerialNumber(magnitude: CertificateFields.stringBytes(number)).bytes)
        }
        self.serialNumbers = serialNumbers
    }

    /// Whether the list names the certificate.
    package func contains(_ certificate: Certificate) -> Bool {
        self.serialNumbers.contains(certificate.serialNumber.bytes)
    }
}

extension Certificate {
    /// Whether the certificate is good for a host's name or address, as clients that dial it ask.
    package func isValid(forHost host: String) -> Bool {
        let matches = unsafe self.withHandle { handle in
            unsafe X509_check_host(handle, host, host.utf8.count, 0, nil) == 1
                || X509_check_ip_asc(handle, host, 0) == 1
        }
        OpenSSLErrors.clear()
        return matches
    }
}
