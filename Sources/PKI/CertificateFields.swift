import COpenSSL

/// Reads single fields of an OpenSSL certificate.
///
/// The handles are borrowed for the call.
enum CertificateFields {
    static func pem(of certificate: OpaquePointer) throws(PKIError) -> [UInt8] {
        let stream = try MemoryStream()
        let isWritten = unsafe stream.withBIO { bio in unsafe PEM_write_bio_X509(bio, certificate) == 1 }
        guard isWritten else { throw OpenSSLErrors.failure("encode a certificate") }
        return stream.bytes()
    }

    /// The last common name in `name`, or an empty string; Go (hence etcd) takes the last one, too.
    static func commonName(in name: OpaquePointer?) -> String {
        var last: Int32 = -1
        while case let next = unsafe X509_NAME_get_index_by_NID(name, NID_commonName, last), next >= 0 {
            last = next
        }
        guard last >= 0,
            let data = unsafe X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last))
        else { return "" }
        var text: UnsafeMutablePointer<UInt8>?
        let count = unsafe ASN1_STRING_to_UTF8(&text, data)
        defer { unsafe CRYPTO_free(text, #file, #line) }
        guard count >= 0 else {
            // The name counts as missing; its queue entry must not be taken for another call's.
            OpenSSLErrors.clear()
            return ""
        }
        // A zero byte inside stays inside: the name then equals no name that anybody expects.
        return unsafe String(decoding: UnsafeBufferPointer(start: text, count: Int(count)), as: UTF8.self)
    }

    /// How many common names `name` has.
    static func commonNameCount(in name: OpaquePointer?) -> Int {
        var count = 0
        var last: Int32 = -1
        while case let next = unsafe X509_NAME_get_index_by_NID(name, NID_commonName, last), next >= 0 {
            last = next
            count += 1
        }
        return count
    }

    static func serialNumber(of certificate: OpaquePointer) -> SerialNumber {
        SerialNumber(magnitude: unsafe stringBytes(X509_get0_serialNumber(certificate)))
    }

    static func validity(of certificate: OpaquePointer) throws(PKIError) -> Validity {
        Validity(
            notBefore: try unsafe UTCTime.seconds(
                of: X509_get0_notBefore(certificate),
                what: "begin of validity"
            ),
            notAfter: try unsafe UTCTime.seconds(of: X509_get0_notAfter(certificate), what: "end of validity")
        )
    }

    /// What OpenSSL itself concludes from the extensions, which this call makes it read and check.
    static func isAuthority(_ certificate: OpaquePointer) throws(PKIError) -> Bool {
        OpenSSLErrors.clear()
        let flags = unsafe X509_get_extension_flags(certificate)
        guard flags & UInt32(EXFLAG_INVALID) == 0 else {
            throw OpenSSLErrors.malformed("extension of a certificate")
        }
        let isAuthority = flags & UInt32(EXFLAG_CA) != 0
        // Without a key usage extension, every bit of the answer is set.
        let maySign = unsafe X509_get_key_usage(certificate) & UInt32(KU_KEY_CERT_SIGN) != 0
        return isAuthority && maySign
    }

    /// How many authorities may stand between this one and a leaf, where it says so.
    static func pathLength(_ certificate: OpaquePointer) -> Int? {
        let length = unsafe X509_get_pathlen(certificate)
        return length < 0 ? nil : length
    }

    /// Whether it may sign revocation lists: key usage, where there is one.
    static func maySignRevocationLists(_ certificate: OpaquePointer) -> Bool {
        unsafe X509_get_key_usage(certificate) & UInt32(KU_CRL_SIGN) != 0
    }

    static func alternativeNames(of certificate: OpaquePointer) throws(PKIError) -> [AlternativeName] {
        OpenSSLErrors.clear()
        var criticality: Int32 = 0
        let extensionValue = unsafe X509_get_ext_d2i(certificate, NID_subject_alt_name, &criticality, nil)
        guard let names = unsafe extensionValue.map({ OpaquePointer($0) }) else {
            // -1 means that there is none; everything else is a broken or repeated extension.
            guard criticality == -1 else { throw OpenSSLErrors.malformed("subject alternative name") }
            return []
        }
        defer { unsafe GENERAL_NAMES_free(names) }
        return unsafe GeneralNames.read(names).names
    }

    static func stringBytes(_ string: UnsafePointer<ASN1_STRING>?) -> [UInt8] {
        guard let string = unsafe string else { return [] }
        return unsafe Array(
            UnsafeBufferPointer(start: ASN1_STRING_get0_data(string), count: Int(ASN1_STRING_length(string)))
        )
    }
}
