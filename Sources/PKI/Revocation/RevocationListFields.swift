import COpenSSL

/// Reads single fields of an OpenSSL revocation list.
///
/// The handles are borrowed for the call.
enum RevocationListFields {
    static func number(of list: OpaquePointer) throws(PKIError) -> SerialNumber? {
        OpenSSLErrors.clear()
        var criticality: Int32 = 0
        let value = unsafe X509_CRL_get_ext_d2i(list, NID_crl_number, &criticality, nil)
        guard let value = unsafe value else {
            // -1 means that there is none; everything else is a broken or repeated extension.
            guard criticality == -1 else { throw OpenSSLErrors.malformed("number of a revocation list") }
            OpenSSLErrors.clear()
            return nil
        }
        let number = unsafe value.assumingMemoryBound(to: ASN1_INTEGER.self)
        defer { unsafe ASN1_INTEGER_free(number) }
        return SerialNumber(magnitude: unsafe CertificateFields.stringBytes(number))
    }

    static func revoked(in list: OpaquePointer) throws(PKIError) -> [SerialNumber: Int64] {
        var revoked: [SerialNumber: Int64] = [:]
        let entries = unsafe X509_CRL_get_REVOKED(list)
        for index in 0..<max(0, unsafe OPENSSL_sk_num(entries)) {
            guard let entry = unsafe OPENSSL_sk_value(entries, index) else { continue }
            let item = OpaquePointer(entry)
            let number = unsafe CertificateFields.stringBytes(X509_REVOKED_get0_serialNumber(item))
            revoked[SerialNumber(magnitude: number)] = try unsafe UTCTime.seconds(
                of: X509_REVOKED_get0_revocationDate(item),
                what: "time of a revocation"
            )
        }
        return revoked
    }

    /// What the list says that has to be understood and is not, or `nil`.
    static func unsupported(in list: OpaquePointer) -> String? {
        for index in 0..<max(0, unsafe X509_CRL_get_ext_count(list)) {
            guard let item = unsafe X509_CRL_get_ext(list, index),
                unsafe X509_EXTENSION_get_critical(item) == 1
            else { continue }
            let kind = unsafe OBJ_obj2nid(X509_EXTENSION_get_object(item))
            let name = unsafe OBJ_nid2sn(kind).map { unsafe String(cString: $0) }
            return "it has the critical extension \(name ?? "unknown")"
        }
        return nil
    }
}
