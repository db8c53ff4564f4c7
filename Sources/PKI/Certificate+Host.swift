import COpenSSL

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
