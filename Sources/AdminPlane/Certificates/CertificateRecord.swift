import Documents
package import PKI
package import Persistence

/// A certificate as it is kept: the object's status.
package struct CertificateRecord: Sendable {
    /// Where its key is from.
    package enum Origin: String, Sendable, Hashable {
        /// Made here and told once.
        case key
        /// The holder's own: it sent a request.
        case request
        /// This server's own: it stands in `pki/` and renews itself.
        case server
    }

    /// Where its key is from.
    package var origin: Origin
    /// Who issued it.
    package var authority: String
    /// The leaf, and what it presents besides itself.
    package var chain: [Certificate]
    /// Whether the key is here, sealed or in `pki/`.
    package var hasKey: Bool
    /// When it was revoked, in nanoseconds since 1970.
    package var revokedAt: Int64?
    /// Why it was revoked, in RFC 5280's words.
    package var revocationReason: String?

    /// Creates a record.
    package init(origin: Origin, authority: String, chain: [Certificate], hasKey: Bool) {
        self.origin = origin
        self.authority = authority
        self.chain = chain
        self.hasKey = hasKey
    }

    /// The certificate itself.
    package var leaf: Certificate { self.chain[0] }

    /// Reads an object; `nil` when it is not what ``json`` makes.
    package init?(_ object: AdminObject) {
        guard let status = (try? JSONReader.read(object.status))?.object,
            let origin = status["origin"]?.string.flatMap(Origin.init),
            let authority = status["authority"]?.string, let pem = status["chain"]?.string,
            let chain = try? Certificate.bundle(pem: Array(pem.utf8))
        else { return nil }
        self.init(origin: origin, authority: authority, chain: chain, hasKey: status["hasKey"] == .bool(true))
        self.revokedAt = status["revokedAt"]?.string.flatMap(Moment.nanoseconds)
        self.revocationReason = status["revocationReason"]?.string
    }

    /// The status of the object, in JSON.
    var json: [UInt8] {
        let leaf = self.leaf
        var status = DocumentObject()
        status["origin"] = .string(self.origin.rawValue)
        status["authority"] = .string(self.authority)
        status["commonName"] = .string(leaf.commonName)
        status["names"] = .array(leaf.alternativeNames.map { .string($0.description) })
        status["serialNumber"] = .string(leaf.serialNumber.description)
        status["issuer"] = .string(leaf.issuer.description)
        status["notBefore"] = .string(Moment.text(seconds: leaf.validity.notBefore))
        status["notAfter"] = .string(Moment.text(seconds: leaf.validity.notAfter))
        status["fingerprint"] = .string(AuditLine.hexadecimal(leaf.fingerprint))
        status["hasKey"] = .bool(self.hasKey)
        status["revokedAt"] = self.revokedAt.map { .string(Moment.text($0)) }
        status["revocationReason"] = self.revocationReason.map { .string($0) }
        status["chain"] = .string(String(decoding: self.chain.pem, as: UTF8.self))
        return JSONWriter.write(.object(status))
    }

    /// What the sealed key of a certificate belongs to.
    static func sealed(_ name: String) -> String { "certificates/\(name)/key" }
}
