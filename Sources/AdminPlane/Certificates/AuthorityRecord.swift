import Documents
package import PKI
package import Persistence

/// An authority as it is kept: its generations, oldest first.
///
/// The public part is the object's status, so that what is shown is what is kept. The keys are in the
/// object's secret, each sealed for its place; a copy of `admin.db` alone tells nothing of them.
package struct AuthorityRecord: Sendable {
    /// What a generation is there for.
    package enum Phase: String, Sendable, Hashable, CaseIterable {
        /// Trusted, and issues nothing yet: everyone is learning of it.
        case next
        /// Trusted, and issues.
        case active
        /// Trusted for what it issued before.
        case former
        /// Trusted, and never issued anything here: a root that came with the authority.
        case trusted
    }

    /// One generation.
    package struct Generation: Sendable {
        /// Counted from one, and never used again.
        package let number: Int
        /// What it is there for.
        package var phase: Phase
        /// The issuing certificate, then those above it; the root is the last.
        package let certificates: [Certificate]
        /// The issuing certificate's key; `nil` when it is kept elsewhere.
        var key: SealedSecret?
        /// The root's key where it is another and here.
        var rootKey: SealedSecret?
        /// Since when it has its phase, in nanoseconds since 1970.
        package var since: Int64

        /// Whether it can issue: its key is here.
        package var hasKey: Bool { self.key != nil }
        /// Its name: the fingerprint of the certificate that issues.
        package var id: String { AuditLine.hexadecimal(self.issuing.fingerprint) }
        /// The certificate that issues.
        package var issuing: Certificate { self.certificates[0] }
        /// The certificate to trust.
        package var root: Certificate { self.certificates[self.certificates.count - 1] }
    }

    /// The generations, oldest first.
    package var generations: [Generation]

    /// The first generation of a phase.
    package func generation(_ phase: Phase) -> Generation? { self.generations.first { $0.phase == phase } }

    /// The one that issues, if there is one.
    package var active: Generation? { self.generations.first { $0.phase == .active } }
    /// The roots to trust, the active one first, each once.
    package var roots: [Certificate] {
        let phases: [Phase] = [.active, .next, .former, .trusted]
        let ordered = phases.flatMap { phase in self.generations.filter { $0.phase == phase } }
        return ordered.reduce(into: []) { roots, generation in
            if !roots.contains(generation.root) { roots.append(generation.root) }
        }
    }

    /// What the secret of a generation's key belongs to.
    static func sealed(_ name: String, _ number: Int, _ which: String) -> String {
        "authorities/\(name)/\(number)/\(which)"
    }
}

extension AuthorityRecord {
    /// Reads an object; `nil` when it is not what ``write(to:)`` makes.
    package init?(_ object: AdminObject) {
        guard let status = (try? JSONReader.read(object.status))?.object,
            let items = status["generations"]?.array
        else { return nil }
        let secrets = (try? JSONReader.read(object.secret))?.object ?? DocumentObject()
        var generations: [Generation] = []
        for item in items {
            guard let item = item.object, let number = item["number"]?.integer,
                let phase = item["phase"]?.string.flatMap(Phase.init), let pem = item["certificates"]?.string,
                let certificates = try? Certificate.bundle(pem: Array(pem.utf8)),
                let since = item["since"]?.string.flatMap(Moment.nanoseconds)
            else { return nil }
            let keys = secrets[String(number)]?.object ?? DocumentObject()
            let secret = { (name: String) in
                keys[name]?.string.flatMap(Base64URL.decode).flatMap { try? SealedSecret(envelope: $0) }
            }
            generations.append(
                Generation(
                    number: Int(number),
                    phase: phase,
                    certificates: certificates,
                    key: secret("key"),
                    rootKey: secret("rootKey"),
                    since: since
                )
            )
        }
        self.init(generations: generations)
    }

    /// Writes itself into a draft.
    func write(to draft: inout AdminObjectDraft) {
        var status = DocumentObject()
        status["generations"] = .array(self.generations.map(Self.document))
        draft.status = JSONWriter.write(.object(status))
        var secrets = DocumentObject()
        for generation in self.generations {
            var keys = DocumentObject()
            keys["key"] = generation.key.map { .string(Base64URL.encode($0.envelope)) }
            keys["rootKey"] = generation.rootKey.map { .string(Base64URL.encode($0.envelope)) }
            if !keys.isEmpty { secrets[String(generation.number)] = .object(keys) }
        }
        draft.secret = JSONWriter.write(.object(secrets))
    }

    private static func document(_ generation: Generation) -> DocumentValue {
        let certificate = generation.issuing
        return [
            "number": .integer(Int64(generation.number)),
            "phase": .string(generation.phase.rawValue),
            "since": .string(Moment.text(generation.since)),
            "commonName": .string(certificate.commonName),
            "fingerprint": .string(AuditLine.hexadecimal(certificate.fingerprint)),
            "rootCommonName": .string(generation.root.commonName),
            "rootFingerprint": .string(AuditLine.hexadecimal(generation.root.fingerprint)),
            "notBefore": .string(Moment.text(seconds: certificate.validity.notBefore)),
            "notAfter": .string(Moment.text(seconds: certificate.validity.notAfter)),
            "rootNotAfter": .string(Moment.text(seconds: generation.root.validity.notAfter)),
            "hasKey": .bool(generation.key != nil),
            "certificates": .string(String(decoding: generation.certificates.pem, as: UTF8.self)),
        ]
    }
}
