import COpenSSL

/// Alternative names in OpenSSL's own form (`GENERAL_NAMES`).
enum GeneralNames {
    /// Makes a list, which the caller frees.
    static func make(_ names: [AlternativeName]) throws(PKIError) -> OpaquePointer {
        OpenSSLErrors.clear()
        guard let list = unsafe OPENSSL_sk_new_null() else {
            throw OpenSSLErrors.failure("allocate alternative names")
        }
        for name in names {
            let item = unsafe self.item(name)
            guard let item = unsafe item, unsafe OPENSSL_sk_push(list, item) > 0 else {
                unsafe GENERAL_NAME_free(item)
                unsafe GENERAL_NAMES_free(list)
                throw OpenSSLErrors.failure("add an alternative name")
            }
        }
        return unsafe list
    }

    private static func item(_ name: AlternativeName) -> UnsafeMutablePointer<GENERAL_NAME>? {
        let (kind, type, bytes) =
            switch name {
            case .dns(let text): (GEN_DNS, V_ASN1_IA5STRING, Array(text.utf8))
            case .address(let bytes): (GEN_IPADD, V_ASN1_OCTET_STRING, bytes)
            case .uri(let text): (GEN_URI, V_ASN1_IA5STRING, Array(text.utf8))
            }
        guard let item = unsafe GENERAL_NAME_new() else { return nil }
        guard let value = unsafe ASN1_STRING_type_new(type),
            unsafe ASN1_STRING_set(value, bytes, Int32(clamping: bytes.count)) == 1
        else {
            unsafe GENERAL_NAME_free(item)
            return nil
        }
        unsafe GENERAL_NAME_set0_value(item, kind, value)
        return unsafe item
    }

    /// The DNS names, addresses and URIs of a list, in order, and how many names of other kinds it has.
    static func read(_ list: OpaquePointer) -> (names: [AlternativeName], others: Int) {
        let count = max(0, unsafe OPENSSL_sk_num(list))
        let names = (0..<count).compactMap { index -> AlternativeName? in
            guard let name = unsafe OPENSSL_sk_value(list, index) else { return nil }
            return unsafe self.name(name.assumingMemoryBound(to: GENERAL_NAME.self))
        }
        return (names, Int(count) - names.count)
    }

    private static func name(_ name: UnsafePointer<GENERAL_NAME>) -> AlternativeName? {
        var kind: Int32 = 0
        guard let value = unsafe GENERAL_NAME_get0_value(name, &kind) else { return nil }
        guard [GEN_DNS, GEN_IPADD, GEN_URI].contains(kind) else { return nil }
        let bytes = unsafe CertificateFields.stringBytes(value.assumingMemoryBound(to: ASN1_STRING.self))
        switch kind {
        case GEN_DNS: return .dns(String(decoding: bytes, as: UTF8.self).lowercased())
        case GEN_IPADD: return .address(bytes)
        default: return .uri(String(decoding: bytes, as: UTF8.self))
        }
    }
}
