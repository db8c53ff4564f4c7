import COpenSSL

/// The serial numbers that an authority has revoked (a CRL, RFC 5280 §5).
package struct RevocationList: Hashable, Sendable {
    /// The longest list that is read, in bytes: half a million entries.
    package static let largestBytes = 1 << 24

    /// The list in DER.
    package let der: [UInt8]
    /// The authority that made it.
    package let issuer: DistinguishedName
    /// The list's number, higher in each newer one; older authorities give none.
    package let number: SerialNumber?
    /// When it was made, in seconds since 1970.
    package let thisUpdate: Int64
    /// When there will be a newer one at the latest, in seconds since 1970; not all lists say so.
    package let nextUpdate: Int64?
    /// What is revoked, each with its time in seconds since 1970.
    let revoked: [SerialNumber: Int64]

    /// Reads a list in PEM or DER.
    ///
    /// Its signature is not looked at: in etcd's place the list is a file of the operator. For a list from
    /// elsewhere see ``check(from:replacing:now:)``.
    ///
    /// - Throws: ``PKIError/malformed(what:reason:)``.
    package init(_ bytes: [UInt8]) throws(PKIError) {
        let what = "revocation list"
        guard bytes.count <= Self.largestBytes else {
            throw .malformed(what: what, reason: "longer than \(Self.largestBytes) bytes")
        }
        let handle: OpaquePointer
        if PEMText.blocks(in: bytes) > 0 {
            let stream = try unsafe MemoryStream.reading(bytes.span.bytes)
            OpenSSLErrors.clear()
            let read = unsafe stream.withBIO { unsafe PEM_read_bio_X509_CRL($0, nil, nil, nil) }
            guard let read = unsafe read else { throw OpenSSLErrors.malformed(what) }
            unsafe handle = read
        } else {
            unsafe handle = try unsafe Self.decoded(bytes)
        }
        defer { unsafe X509_CRL_free(handle) }
        try unsafe self.init(reading: handle)
    }

    /// Reads what OpenSSL has decoded; the handle is borrowed.
    init(reading handle: OpaquePointer) throws(PKIError) {
        self.der = try unsafe encodedDER("encode a revocation list") { unsafe i2d_X509_CRL(handle, $0) }
        self.issuer = try unsafe DistinguishedName(X509_CRL_get_issuer(handle))
        self.number = try unsafe RevocationListFields.number(of: handle)
        self.thisUpdate = try unsafe UTCTime.seconds(
            of: X509_CRL_get0_lastUpdate(handle),
            what: "time of a revocation list"
        )
        self.nextUpdate = try unsafe X509_CRL_get0_nextUpdate(handle).map { (time) throws(PKIError) in
            try unsafe UTCTime.seconds(of: time, what: "next time of a revocation list")
        }
        self.revoked = try unsafe RevocationListFields.revoked(in: handle)
    }

    static func decoded(_ bytes: [UInt8]) throws(PKIError) -> OpaquePointer {
        try unsafe decodedDER(
            "revocation list",
            bytes.span.bytes,
            free: { unsafe X509_CRL_free($0) },
            decode: { unsafe d2i_X509_CRL(nil, $0, $1) }
        )
    }

    /// How many certificates it revokes.
    package var count: Int { self.revoked.count }

    /// Whether the list names the certificate's serial number, whoever its issuer is: as in etcd.
    package func contains(_ certificate: Certificate) -> Bool {
        self.revoked[certificate.serialNumber] != nil
    }

    /// Whether the certificate is of the list's issuer, and revoked.
    package func revokes(_ certificate: Certificate) -> Bool {
        certificate.issuer == self.issuer && self.contains(certificate)
    }

    /// When the number was revoked, in seconds since 1970, or `nil` when it was not.
    package func revocationTime(of serialNumber: SerialNumber) -> Int64? {
        self.revoked[serialNumber]
    }

    /// Whether a newer list was promised for before `now` (seconds since 1970).
    ///
    /// What a stale list revokes is still revoked.
    package func isStale(at now: Int64) -> Bool {
        self.nextUpdate.map { $0 <= now } ?? false
    }

    /// The list in PEM, with a newline at its end.
    package var pem: [UInt8] {
        PEMText.block("X509 CRL", self.der)
    }
}
