/// How a joining side knows the server that it never met: the SHA-256 digest of a key or a certificate.
package enum JoinPin: Hashable, Sendable {
    /// The digest of a key (`SubjectPublicKeyInfo`): the server's own, or an authority's above it.
    case publicKey([UInt8])
    /// The digest of a whole certificate in DER: an authority's above the server's, or its own.
    case certificate([UInt8])

    /// Whether the pin is that of the certificate.
    package func matches(_ certificate: Certificate) -> Bool {
        switch self {
        case .publicKey(let digest): Digest.areEqual(digest, certificate.keyDigest)
        case .certificate(let digest): Digest.areEqual(digest, certificate.fingerprint)
        }
    }

    /// Checks the certificates that a server presents.
    ///
    /// When the pin is that of the leaf, the server is the one that was meant, and only its time is checked.
    /// When it is that of an authority, the leaf must be a server's, verify under that authority, and be for
    /// the host that was dialled.
    ///
    /// - Parameters:
    ///   - presented: The leaf first, then whatever the server sent with it.
    ///   - host: The name or address that was dialled.
    ///   - now: The time in seconds since 1970.
    ///   - tolerance: By how many seconds clocks may differ.
    /// - Throws: ``PKIError/join(_:)``.
    package func check(
        _ presented: [Certificate],
        host: String,
        now: Int64,
        tolerance: Int64
    ) throws(PKIError) {
        guard let leaf = presented.first, presented.count <= MeshTrust.longestChain,
            let pinned = presented.first(where: { self.matches($0) })
        else { throw .join(.pinMismatch) }
        let instant = leaf.validity.nearest(to: now, tolerance: tolerance)
        let verdict = try CertificateVerifier(roots: [pinned], acceptsAnyAnchor: true).verify(
            leaf,
            intermediates: Array(presented.dropFirst()),
            purpose: .server,
            at: instant
        )
        if case .rejected(let rejection) = verdict { throw .join(.serverRejected(rejection)) }
        guard pinned != leaf, !leaf.isValid(forHost: host) else { return }
        let names = leaf.alternativeNames.map(\.description).joined(separator: ", ")
        let mismatch = CertificateRejection(.nameMismatch(expected: host, found: names))
        throw .join(.serverRejected(mismatch))
    }

    var word: String {
        switch self {
        case .publicKey(let digest): "key \(Base64.text(digest, as: .url))"
        case .certificate(let digest): "certificate \(Base64.text(digest, as: .url))"
        }
    }

    /// Reads ``word``.
    init?(word: Substring) {
        let parts = word.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let text = Array(parts[1].utf8)
        guard let digest = unsafe Base64.decode(text.span.bytes, as: .url), digest.count == 32 else {
            return nil
        }
        switch parts[0] {
        case "key": self = .publicKey(digest.copy())
        case "certificate": self = .certificate(digest.copy())
        default: return nil
        }
    }
}

extension Validity {
    /// Returns `now`, moved into the period when it lies outside by no more than the tolerance.
    fileprivate func nearest(to now: Int64, tolerance: Int64) -> Int64 {
        if now < self.notBefore, self.notBefore - now <= tolerance { return self.notBefore }
        if now >= self.notAfter, now - self.notAfter < tolerance { return self.notAfter - 1 }
        return now
    }
}
