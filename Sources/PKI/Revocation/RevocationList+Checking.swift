import COpenSSL

extension RevocationList {
    /// Checks a list that was fetched or given before it takes the place of another.
    ///
    /// A list whose next one is overdue passes: what it revokes is revoked (``isStale(at:)``).
    ///
    /// - Parameters:
    ///   - issuer: The authority that it should be by.
    ///   - current: The list of this authority that is there.
    ///   - now: The time in seconds since 1970, with as much added as clocks may differ.
    /// - Throws: ``PKIError/revocationList(_:)``.
    package func check(
        from issuer: Certificate,
        replacing current: RevocationList?,
        now: Int64
    ) throws(PKIError) {
        guard self.issuer == issuer.subject else {
            throw .revocationList(.foreign(expected: issuer.subject, found: self.issuer))
        }
        let handle = try unsafe Self.decoded(self.der)
        defer { unsafe X509_CRL_free(handle) }
        let (maySign, isSigned) = unsafe issuer.withHandle { issuer in
            (
                unsafe CertificateFields.maySignRevocationLists(issuer),
                unsafe X509_CRL_verify(handle, X509_get0_pubkey(issuer)) == 1
            )
        }
        OpenSSLErrors.clear()
        guard maySign else { throw .revocationList(.issuerMayNotSign) }
        guard isSigned else { throw .revocationList(.wrongSignature) }
        if let reason = unsafe RevocationListFields.unsupported(in: handle) {
            throw .revocationList(.unsupported(reason: reason))
        }
        guard self.thisUpdate <= now else {
            throw .revocationList(.notYetValid(thisUpdate: self.thisUpdate, now: now))
        }
        guard let current, current != self else { return }
        guard self.thisUpdate >= current.thisUpdate else { throw .revocationList(.older) }
        switch (self.number, current.number) {
        case (let own?, let other?) where own > other: return
        case (nil, nil) where self.thisUpdate > current.thisUpdate: return
        case (_?, nil): return
        default: throw .revocationList(.older)
        }
    }
}
