import COpenSSL

/// Owns one revocation list while it is put together; consumed by signing.
@safe struct RevocationListBuilder: ~Copyable {
    private let handle: OpaquePointer

    /// Creates an empty list.
    init() throws(PKIError) {
        OpenSSLErrors.clear()
        guard let handle = unsafe X509_CRL_new() else {
            throw OpenSSLErrors.failure("allocate a revocation list")
        }
        unsafe self.handle = handle
    }

    deinit {
        unsafe X509_CRL_free(self.handle)
    }

    /// Makes it a list of `issuer`, version 2.
    borrowing func setIssuer(_ issuer: Certificate) throws(PKIError) {
        let isSet = unsafe issuer.withHandle { issuer in
            unsafe X509_CRL_set_version(self.handle, Int(X509_CRL_VERSION_2)) == 1
                && X509_CRL_set_issuer_name(self.handle, X509_get_subject_name(issuer)) == 1
        }
        try Self.check(isSet)
        try self.addKeyIdentifier(of: issuer)
    }

    borrowing func set(thisUpdate: Int64, nextUpdate: Int64) throws(PKIError) {
        guard let this = unsafe ASN1_TIME_set(nil, time_t(thisUpdate)) else { throw Self.failure }
        defer { unsafe ASN1_STRING_free(this) }
        guard let next = unsafe ASN1_TIME_set(nil, time_t(nextUpdate)) else { throw Self.failure }
        defer { unsafe ASN1_STRING_free(next) }
        try Self.check(
            unsafe X509_CRL_set1_lastUpdate(self.handle, this) == 1
                && X509_CRL_set1_nextUpdate(self.handle, next) == 1
        )
    }

    borrowing func set(number: UInt64) throws(PKIError) {
        guard let value = unsafe ASN1_INTEGER_new() else { throw Self.failure }
        defer { unsafe ASN1_INTEGER_free(value) }
        try Self.check(
            unsafe ASN1_INTEGER_set_uint64(value, number) == 1
                && X509_CRL_add1_ext_i2d(self.handle, NID_crl_number, value, 0, 0) == 1
        )
    }

    borrowing func add(_ revocation: Revocation) throws(PKIError) {
        guard let entry = unsafe X509_REVOKED_new() else { throw Self.failure }
        guard unsafe Self.fill(entry, revocation), unsafe X509_CRL_add0_revoked(self.handle, entry) == 1
        else {
            unsafe X509_REVOKED_free(entry)
            throw Self.failure
        }
    }

    /// Signs with SHA-256 and returns the list.
    consuming func signed(by key: PrivateKey) throws(PKIError) -> RevocationList {
        OpenSSLErrors.clear()
        try Self.check(unsafe X509_CRL_sort(self.handle) == 1)
        let size = unsafe key.withHandle { unsafe X509_CRL_sign(self.handle, $0, EVP_sha256()) }
        try Self.check(size > 0)
        return try unsafe RevocationList(reading: self.handle)
    }

    private static func fill(_ entry: OpaquePointer, _ revocation: Revocation) -> Bool {
        let bytes = revocation.serialNumber.bytes
        guard let number = unsafe BN_bin2bn(bytes, Int32(clamping: bytes.count), nil) else { return false }
        defer { unsafe BN_free(number) }
        guard let serial = unsafe BN_to_ASN1_INTEGER(number, nil) else { return false }
        defer { unsafe ASN1_INTEGER_free(serial) }
        guard let time = unsafe ASN1_TIME_set(nil, time_t(revocation.time)) else { return false }
        defer { unsafe ASN1_STRING_free(time) }
        guard unsafe X509_REVOKED_set_serialNumber(entry, serial) == 1,
            unsafe X509_REVOKED_set_revocationDate(entry, time) == 1
        else { return false }
        // RFC 5280: a reason that tells nothing is left out.
        guard revocation.reason != .unspecified else { return true }
        guard let reason = unsafe ASN1_ENUMERATED_new() else { return false }
        defer { unsafe ASN1_ENUMERATED_free(reason) }
        return unsafe ASN1_ENUMERATED_set(reason, revocation.reason.rawValue) == 1
            && X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0) == 1
    }

    private borrowing func addKeyIdentifier(of issuer: Certificate) throws(PKIError) {
        OpenSSLErrors.clear()
        let item = unsafe issuer.withHandle { issuer -> OpaquePointer? in
            var context = unsafe X509V3_CTX()
            unsafe X509V3_set_ctx(&context, issuer, nil, nil, self.handle, 0)
            return unsafe X509V3_EXT_nconf_nid(nil, &context, NID_authority_key_identifier, "keyid")
        }
        guard let item = unsafe item else { throw Self.failure }
        defer { unsafe X509_EXTENSION_free(item) }
        try Self.check(unsafe X509_CRL_add_ext(self.handle, item, -1) == 1)
    }

    private static var failure: PKIError { OpenSSLErrors.failure("make a revocation list") }

    private static func check(_ isDone: Bool) throws(PKIError) {
        guard isDone else { throw self.failure }
    }
}

extension CertificateAuthority {
    /// Makes a list of what this authority has revoked.
    ///
    /// - Parameters:
    ///   - revocations: Everything that is revoked and has not expired.
    ///   - number: The list's number, higher than that of the one before.
    ///   - now: The time in seconds since 1970.
    ///   - nextUpdate: When there will be a newer list at the latest; cut off where the authority's life
    ///     ends.
    /// - Returns: The signed list.
    /// - Throws: ``PKIError/issuerExpired(issuer:validity:now:)``,
    ///   ``PKIError/issuerNotYetValid(issuer:validity:now:)``, ``PKIError/invalidValidity(_:)``,
    ///   ``PKIError/revocationList(_:)`` when this authority may not make one.
    package func makeRevocationList(
        _ revocations: [Revocation],
        number: UInt64,
        now: Int64,
        nextUpdate: Int64
    ) throws(PKIError) -> RevocationList {
        let life = Validity(notBefore: now, notAfter: min(nextUpdate, self.validity.notAfter))
        try self.checkCanIssue(life, now: now)
        let builder = try RevocationListBuilder()
        try builder.setIssuer(self.certificate)
        try builder.set(thisUpdate: now, nextUpdate: life.notAfter)
        try builder.set(number: number)
        for revocation in revocations { try builder.add(revocation) }
        let list = try self.sign(builder)
        try list.check(from: self.certificate, replacing: nil, now: now)
        return list
    }
}
