import COpenSSL

/// Owns one certificate while it is put together; consumed by signing.
///
/// The order of calls: fields first, then extensions (the key identifiers are made from the key that is
/// already there), then ``signed(by:)``.
@safe struct CertificateBuilder: ~Copyable {
    private let handle: OpaquePointer

    /// Creates an empty certificate.
    init() throws(PKIError) {
        OpenSSLErrors.clear()
        guard let handle = unsafe X509_new() else { throw OpenSSLErrors.failure("allocate a certificate") }
        unsafe self.handle = handle
    }

    deinit {
        unsafe X509_free(self.handle)
    }

    borrowing func set(_ serialNumber: SerialNumber) throws(PKIError) {
        OpenSSLErrors.clear()
        let bytes = serialNumber.bytes
        guard let number = unsafe BN_bin2bn(bytes, Int32(clamping: bytes.count), nil) else {
            throw OpenSSLErrors.failure("set the serial number")
        }
        defer { unsafe BN_free(number) }
        let field = unsafe X509_get_serialNumber(self.handle)
        guard unsafe BN_to_ASN1_INTEGER(number, field) != nil else {
            throw OpenSSLErrors.failure("set the serial number")
        }
    }

    borrowing func set(_ validity: Validity) throws(PKIError) {
        OpenSSLErrors.clear()
        guard unsafe ASN1_TIME_set(X509_getm_notBefore(self.handle), time_t(validity.notBefore)) != nil,
            unsafe ASN1_TIME_set(X509_getm_notAfter(self.handle), time_t(validity.notAfter)) != nil
        else { throw OpenSSLErrors.failure("set the period of validity") }
    }

    /// Sets the subject to one common name.
    borrowing func setSubject(commonName: String) throws(PKIError) {
        OpenSSLErrors.clear()
        let bytes = Array(commonName.utf8)
        let isSet = unsafe X509_NAME_add_entry_by_NID(
            X509_get_subject_name(self.handle),
            NID_commonName,
            MBSTRING_UTF8,
            bytes,
            Int32(clamping: bytes.count),
            -1,
            0
        )
        try check(isSet, "set the subject")
    }

    borrowing func set(_ key: PublicKey) throws(PKIError) {
        let handle = try unsafe decodedDER(
            "public key in DER",
            key.der.span.bytes,
            free: { unsafe EVP_PKEY_free($0) },
            decode: { unsafe d2i_PUBKEY(nil, $0, $1) }
        )
        defer { unsafe EVP_PKEY_free(handle) }
        try unsafe PrivateKey.checkKind(of: handle)
        try unsafe check(X509_set_pubkey(self.handle, handle), "set the public key")
    }

    /// Sets the issuer to the subject of `issuer`, or to this certificate's own without one.
    borrowing func setIssuer(_ issuer: Certificate?) throws(PKIError) {
        OpenSSLErrors.clear()
        let isSet = unsafe self.withIssuer(issuer) { issuer in
            unsafe X509_set_issuer_name(self.handle, X509_get_subject_name(issuer))
        }
        try check(isSet, "set the issuer")
    }

    /// Adds what an authority's certificate says about itself; without an issuer it is a root's.
    borrowing func addAuthorityExtensions(pathLength: Int?, issuer: Certificate?) throws(PKIError) {
        let limit = pathLength.map { ",pathlen:\(max($0, 0))" } ?? ""
        try self.add(NID_basic_constraints, "critical,CA:TRUE\(limit)", issuer: issuer)
        try self.add(NID_key_usage, "critical,keyCertSign,cRLSign", issuer: issuer)
        try self.add(NID_subject_key_identifier, "hash", issuer: issuer)
        // After the subject's identifier, which is the one that a root refers to. Not "always" below an
        // authority from elsewhere, which may have no identifier to refer to.
        let reference = issuer == nil ? "keyid:always" : "keyid"
        try self.add(NID_authority_key_identifier, reference, issuer: issuer)
    }

    /// Adds what a leaf's certificate says about itself.
    borrowing func addLeafExtensions(_ template: CertificateTemplate, issuer: Certificate) throws(PKIError) {
        let usage =
            switch template.purpose {
            case .server: "serverAuth"
            case .client: "clientAuth"
            }
        try self.add(NID_basic_constraints, "critical,CA:FALSE", issuer: issuer)
        try self.add(NID_key_usage, "critical,digitalSignature", issuer: issuer)
        try self.add(NID_ext_key_usage, usage, issuer: issuer)
        try self.add(NID_subject_key_identifier, "hash", issuer: issuer)
        // Not "always": an authority from elsewhere may have no identifier to refer to.
        try self.add(NID_authority_key_identifier, "keyid", issuer: issuer)
        if !template.alternativeNames.isEmpty { try self.add(template.alternativeNames) }
    }

    /// Signs version 3 with SHA-256 and gives the finished certificate away.
    consuming func signed(by key: PrivateKey) throws(PKIError) -> Certificate {
        OpenSSLErrors.clear()
        // Extensions exist in version 3 only.
        try unsafe check(X509_set_version(self.handle, Int(X509_VERSION_3)), "set the version")
        let size = unsafe key.withHandle { key in unsafe X509_sign(self.handle, key, EVP_sha256()) }
        guard size > 0 else { throw OpenSSLErrors.failure("sign a certificate") }
        try unsafe check(X509_up_ref(self.handle), "keep a certificate")
        return try unsafe Certificate(takingOwnershipOf: self.handle)
    }

    /// Adds an extension from OpenSSL's text form.
    ///
    /// Only constants come here, never names from outside, which could mean something else in that form.
    private borrowing func add(_ kind: Int32, _ value: String, issuer: Certificate?) throws(PKIError) {
        OpenSSLErrors.clear()
        let item = unsafe self.withIssuer(issuer) { issuer -> OpaquePointer? in
            var context = unsafe X509V3_CTX()
            unsafe X509V3_set_ctx(&context, issuer, self.handle, nil, nil, 0)
            return unsafe X509V3_EXT_nconf_nid(nil, &context, kind, value)
        }
        guard let item = unsafe item else { throw OpenSSLErrors.failure("make an extension") }
        defer { unsafe X509_EXTENSION_free(item) }
        try unsafe check(X509_add_ext(self.handle, item, -1), "add an extension")
    }

    private borrowing func add(_ names: [AlternativeName]) throws(PKIError) {
        OpenSSLErrors.clear()
        let list = try unsafe GeneralNames.make(names)
        defer { unsafe GENERAL_NAMES_free(list) }
        let isAdded = unsafe X509_add1_ext_i2d(
            self.handle,
            NID_subject_alt_name,
            UnsafeMutableRawPointer(list),
            0,
            UInt(X509V3_ADD_DEFAULT)
        )
        try check(isAdded, "add the alternative names")
    }

    private borrowing func withIssuer<R>(_ issuer: Certificate?, _ body: (OpaquePointer) -> R) -> R {
        guard let issuer else { return unsafe body(self.handle) }
        return unsafe issuer.withHandle { unsafe body($0) }
    }
}

/// Turns OpenSSL's 1 for success into an error for anything else.
private func check(_ result: Int32, _ attempted: String) throws(PKIError) {
    guard result == 1 else { throw OpenSSLErrors.failure(attempted) }
}
