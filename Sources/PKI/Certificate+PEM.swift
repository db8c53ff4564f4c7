import COpenSSL

extension Certificate {
    /// The most certificates that one PEM text may hold.
    package static let largestBundle = 256

    /// Reads all certificates of a PEM text, in its order.
    ///
    /// Text between the blocks is a comment. Blocks of other kinds, broken blocks and texts that end within a
    /// block are refused as a whole: half a trust bundle is worse than an error.
    ///
    /// - Throws: ``PKIError/malformed(what:reason:)``, also when there is no certificate at all.
    package static func bundle(pem: [UInt8]) throws(PKIError) -> [Certificate] {
        let what = "certificate in PEM"
        let stream = try unsafe MemoryStream.reading(pem.span.bytes)
        let blocks = PEMText.blocks(in: pem)
        guard blocks <= self.largestBundle else {
            throw .malformed(what: what, reason: "more than \(self.largestBundle) certificates")
        }
        var certificates: [Certificate] = []
        while true {
            OpenSSLErrors.clear()
            guard let handle = unsafe stream.withBIO({ unsafe PEM_read_bio_X509($0, nil, nil, nil) }) else {
                let (library, reason) = OpenSSLErrors.peekLast()
                guard library == ERR_LIB_PEM, reason == PEM_R_NO_START_LINE else {
                    throw OpenSSLErrors.malformed(what)
                }
                // No further block: the end, unless something that began like one was passed over.
                OpenSSLErrors.clear()
                break
            }
            certificates.append(try unsafe Certificate(takingOwnershipOf: handle))
        }
        guard certificates.count == blocks, PEMText.isComplete(pem) else {
            throw .malformed(what: what, reason: "a block is cut short or is not a certificate")
        }
        guard !certificates.isEmpty else { throw .malformed(what: what, reason: "there is none") }
        return certificates
    }

    /// Reads the only certificate of a PEM text.
    package static func single(pem: [UInt8]) throws(PKIError) -> Certificate {
        let certificates = try self.bundle(pem: pem)
        guard certificates.count == 1 else {
            throw .malformed(
                what: "certificate in PEM",
                reason: "\(certificates.count) certificates, not one"
            )
        }
        return certificates[0]
    }
}

extension Sequence<Certificate> {
    /// The certificates as one PEM text, in order.
    package var pem: [UInt8] {
        self.flatMap(\.pem)
    }
}
