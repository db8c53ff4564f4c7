import COpenSSL

/// Owns one certificate request while it is put together; consumed by signing.
@safe struct RequestBuilder: ~Copyable {
    private let handle: OpaquePointer

    /// Creates an empty request.
    init() throws(PKIError) {
        OpenSSLErrors.clear()
        guard let handle = unsafe X509_REQ_new() else { throw OpenSSLErrors.failure("allocate a request") }
        unsafe self.handle = handle
    }

    deinit {
        unsafe X509_REQ_free(self.handle)
    }

    borrowing func setSubject(commonName: String) throws(PKIError) {
        OpenSSLErrors.clear()
        let bytes = Array(commonName.utf8)
        let isSet = unsafe X509_NAME_add_entry_by_NID(
            X509_REQ_get_subject_name(self.handle),
            NID_commonName,
            MBSTRING_UTF8,
            bytes,
            Int32(clamping: bytes.count),
            -1,
            0
        )
        guard isSet == 1 else { throw OpenSSLErrors.failure("set the subject of a request") }
    }

    borrowing func set(_ key: PrivateKey) throws(PKIError) {
        OpenSSLErrors.clear()
        let isSet = unsafe key.withHandle { unsafe X509_REQ_set_pubkey(self.handle, $0) }
        guard isSet == 1 else { throw OpenSSLErrors.failure("set the key of a request") }
    }

    borrowing func add(_ names: [AlternativeName]) throws(PKIError) {
        guard !names.isEmpty else { return }
        let list = try unsafe GeneralNames.make(names)
        defer { unsafe GENERAL_NAMES_free(list) }
        var extensions: OpaquePointer?
        defer {
            unsafe OPENSSL_sk_pop_free(extensions) { item in
                unsafe X509_EXTENSION_free(item.map { OpaquePointer($0) })
            }
        }
        let isAdded = unsafe X509V3_add1_i2d(
            &extensions,
            NID_subject_alt_name,
            UnsafeMutableRawPointer(list),
            0,
            UInt(X509V3_ADD_DEFAULT)
        )
        guard isAdded == 1, unsafe X509_REQ_add_extensions(self.handle, extensions) == 1 else {
            throw OpenSSLErrors.failure("add the names of a request")
        }
    }

    /// Signs with SHA-256 and returns the request in DER.
    consuming func signed(by key: PrivateKey) throws(PKIError) -> [UInt8] {
        OpenSSLErrors.clear()
        let size = unsafe key.withHandle { unsafe X509_REQ_sign(self.handle, $0, EVP_sha256()) }
        guard size > 0 else { throw OpenSSLErrors.failure("sign a request") }
        let handle = unsafe self.handle
        return try unsafe encodedDER("encode a request") { unsafe i2d_X509_REQ(handle, $0) }
    }
}
