import COpenSSL

/// A whole X.500 name, as subjects and issuers have it; equal when the encodings are.
package struct DistinguishedName: Hashable, Sendable {
    /// The encoded name.
    package let der: [UInt8]

    /// Creates a name from its encoding, which is looked at when it is shown.
    package init(der: [UInt8]) {
        self.der = der
    }

    init(_ name: OpaquePointer?) throws(PKIError) {
        self.der = try unsafe encodedDER("encode a name") { unsafe i2d_X509_NAME(name, $0) }
    }
}

extension DistinguishedName: CustomStringConvertible {
    /// The name after RFC 2253, such as `CN=Isthmus mesh CA east`; hexadecimal when it is not a name.
    package var description: String {
        let decoded = try? unsafe decodedDER(
            "name",
            self.der.span.bytes,
            free: { unsafe X509_NAME_free($0) },
            decode: { unsafe d2i_X509_NAME(nil, $0, $1) }
        )
        // What cannot be decoded is shown as it is.
        guard let name = unsafe decoded, let stream = try? MemoryStream() else {
            return hexadecimal(self.der)
        }
        defer { unsafe X509_NAME_free(name) }
        // XN_FLAG_RFC2253, a macro that is not imported.
        _ = unsafe stream.withBIO { unsafe X509_NAME_print_ex($0, name, 0, 0x111_0317) }
        OpenSSLErrors.clear()
        return String(decoding: stream.bytes(), as: UTF8.self)
    }
}
