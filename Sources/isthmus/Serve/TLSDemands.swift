/// What a handshake must be like.
struct TLSDemands: Sendable, Hashable {
    /// Whether clients must have a certificate.
    var clientCertificate = true
    /// `TLS1.2`, `TLS1.3`, or nothing for the oldest that is safe.
    var minimumVersion = ""
    /// `TLS1.2`, `TLS1.3`, or nothing for the newest.
    var maximumVersion = ""
    /// The names of the cipher suites of TLS 1.2; empty: those that are safe.
    var cipherSuites: [String] = []
}

/// PEM files that somebody else replaces.
struct CredentialFiles: Sendable, Hashable {
    let certificate: String
    let key: String
    /// Who may have issued the clients' certificates; `nil`: whom the system trusts.
    let authorities: String?
    var demands = TLSDemands()
}
