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
        let blocks = occurrences(of: "-----BEGIN", in: pem)
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
        guard certificates.count == blocks, hasCompleteLines(pem) else {
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

private func occurrences(of mark: StaticString, in bytes: [UInt8]) -> Int {
    let mark = Array(mark.description.utf8)
    guard bytes.count >= mark.count else { return 0 }
    return (0...bytes.count - mark.count).count { start in
        bytes[start] == mark[0] && bytes[start..<start + mark.count].elementsEqual(mark)
    }
}

/// Whether the last line is not the beginning of a PEM mark: dashes must end the line that they began.
private func hasCompleteLines(_ bytes: [UInt8]) -> Bool {
    let lines = bytes.split(omittingEmptySubsequences: true) {
        $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r")
    }
    guard let last = lines.last, last.first == UInt8(ascii: "-") else { return true }
    return last.count > 10 && last.suffix(5).elementsEqual("-----".utf8)
}
