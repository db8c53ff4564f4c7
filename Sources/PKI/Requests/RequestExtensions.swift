import COpenSSL

/// Reads the extensions that a certificate request asks for.
enum RequestExtensions {
    /// Returns the alternative names, and refuses wishes that are never given.
    ///
    /// The handle is borrowed.
    static func read(_ request: OpaquePointer) throws(PKIError) -> [AlternativeName] {
        OpenSSLErrors.clear()
        guard let extensions = unsafe X509_REQ_get_extensions(request) else {
            OpenSSLErrors.clear()
            return []
        }
        defer { unsafe OPENSSL_sk_pop_free(extensions, freeExtension) }
        try unsafe self.refuseAuthority(extensions)
        var criticality: Int32 = 0
        let value = unsafe X509V3_get_d2i(extensions, NID_subject_alt_name, &criticality, nil)
        guard let list = unsafe value.map({ OpaquePointer($0) }) else {
            // -1 means that there is none; everything else is a broken or repeated extension.
            guard criticality == -1 else {
                throw OpenSSLErrors.malformed("alternative names of a request")
            }
            OpenSSLErrors.clear()
            return []
        }
        defer { unsafe GENERAL_NAMES_free(list) }
        let found = Int(unsafe OPENSSL_sk_num(list))
        let limit = CertificateTemplate.mostAlternativeNames
        guard found <= limit else { throw .request(.tooManyNames(found: found, limit: limit)) }
        let (names, others) = unsafe GeneralNames.read(list)
        guard others == 0 else { throw .request(.unsupportedName) }
        for name in names { try name.validate() }
        return names
    }

    private static func refuseAuthority(_ extensions: OpaquePointer) throws(PKIError) {
        var criticality: Int32 = 0
        let value = unsafe X509V3_get_d2i(extensions, NID_basic_constraints, &criticality, nil)
        OpenSSLErrors.clear()
        guard let value = unsafe value else {
            guard criticality == -1 else {
                throw .malformed(what: "basic constraints of a request", reason: "they cannot be read")
            }
            return
        }
        let constraints = unsafe value.assumingMemoryBound(to: BASIC_CONSTRAINTS.self)
        let isAuthority = unsafe constraints.pointee.ca != 0
        unsafe BASIC_CONSTRAINTS_free(constraints)
        guard !isAuthority else { throw .request(.asksForAuthority) }
    }
}

private func freeExtension(_ item: UnsafeMutableRawPointer?) {
    unsafe X509_EXTENSION_free(item.map { OpaquePointer($0) })
}
