package import ChangeBus
package import MeshResources
package import PKI
package import Persistence

// The certificates of the mesh as objects: authorities with their generations, certificates, revocations.
//
// What is kept is in `admin.db`; keys are sealed there under a key that is elsewhere
// (``EncryptionKeyring``). What is decided (what a profile says, whether a chain holds, how long something
// may live) is decided in `PKI`. Begin with ``AuthorityRecord`` and `MeshPKI+Issuing`; the operations are
// in `…Resource`.

/// The authorities of this server and what they issue.
///
/// Any thread. Reads what `admin.db` says at each call, so that there is no second truth.
package final class MeshPKI: Sendable {
    /// The authority of the own mesh, which is always there.
    package static let meshAuthority = "mesh"
    /// How far in the past new certificates begin, in seconds, for verifiers whose clocks are slow.
    package static let backdating: Int64 = 300

    /// What the authorities need from the rest of the process.
    package struct Environment: Sendable {
        /// The objects.
        package var store: AdminStore
        /// The own cluster.
        package var cluster: ClusterContext
        /// Names that clients dial besides those that every server has.
        package var serverNames: [AlternativeName]
        /// The time in nanoseconds since 1970.
        package var now: @Sendable () -> Int64
        /// Random bytes, good enough for secrets.
        package var randomBytes: @Sendable (Int) -> [UInt8]

        /// Creates an environment.
        package init(
            store: AdminStore,
            cluster: ClusterContext,
            serverNames: [AlternativeName],
            now: @escaping @Sendable () -> Int64,
            randomBytes: @escaping @Sendable (Int) -> [UInt8]
        ) {
            self.store = store
            self.cluster = cluster
            self.serverNames = serverNames
            self.now = now
            self.randomBytes = randomBytes
        }
    }

    /// What the rest of the process does when it is told to.
    package struct Hooks: Sendable {
        /// Issues one of this server's own certificates anew, although its time has not come.
        package var renewOwn: (@Sendable (CertificateProfile) async throws -> Void)?

        /// Holds new handshakes and live connections against what is trusted now; returns when it is done.
        package var applyTrust: (@Sendable () async -> Void)?
        /// Returns the certificates of live connections, in DER, each once.
        package var liveCertificates: (@Sendable () async -> [[UInt8]])?

        /// Creates hooks that do nothing.
        package init() {}
    }

    let environment: Environment
    let keyring: EncryptionKeyring
    /// What private keys are sealed in.
    let vault: Published<KeyVault>
    /// This server's own credentials, as its keeper last made them.
    package let ownCredentials = Published<MeshCredentials?>(nil)
    /// What the rest of the process does with certificates.
    package let hooks = Published(Hooks())
    /// The certificates that clients have shown since the last look.
    package let sightings = ClientSightings()

    /// Creates the authorities of what the store has.
    package init(_ environment: Environment, keyring: EncryptionKeyring) {
        self.environment = environment
        self.keyring = keyring
        self.vault = Published(keyring.vault)
    }

    var store: AdminStore { self.environment.store }
    /// The time in seconds since 1970.
    var now: Int64 { self.environment.now() / 1_000_000_000 }
    var random: RandomBytes { RandomBytes(bytes: self.environment.randomBytes) }

    /// Sets one of the hooks; at the start, one after the other.
    package func setHook(_ change: (inout Hooks) -> Void) {
        var hooks = self.hooks.current
        change(&hooks)
        self.hooks.publish(hooks)
    }

    // MARK: - Authorities

    /// An authority as it is kept; `nil` when there is none of this name.
    package func authority(_ name: String) -> AuthorityRecord? {
        self.store.object(ObjectKind.authority.plural, name).flatMap(AuthorityRecord.init)
    }

    /// Opens a generation's keys.
    ///
    /// - Throws: ``PKIError/sealed(_:)`` when the key-encryption key is another.
    func open(
        _ generation: AuthorityRecord.Generation,
        of name: String
    ) throws(PKIError) -> AuthorityGeneration {
        let vault = self.vault.current
        let key = { (secret: SealedSecret?, which: String) throws(PKIError) -> PrivateKey? in
            guard let secret else { return nil }
            return try vault.openKey(secret, for: AuthorityRecord.sealed(name, generation.number, which))
        }
        return try AuthorityGeneration(
            certificate: generation.issuing,
            chain: Array(generation.certificates.dropFirst()),
            key: try key(generation.key, "key"),
            rootKey: try key(generation.rootKey, "rootKey")
        )
    }

    /// Seals a generation for keeping.
    func seal(
        _ generation: AuthorityGeneration,
        number: Int,
        phase: AuthorityRecord.Phase,
        of name: String
    ) throws(PKIError) -> AuthorityRecord.Generation {
        let vault = self.vault.current
        var random = self.random
        var kept = AuthorityRecord.Generation(
            number: number,
            phase: phase,
            certificates: [generation.certificate] + generation.chain,
            key: nil,
            rootKey: nil,
            since: self.environment.now()
        )
        if let key = generation.key {
            kept.key = try vault.seal(key, for: AuthorityRecord.sealed(name, number, "key"), using: &random)
        }
        if let key = generation.rootKey {
            let label = AuthorityRecord.sealed(name, number, "rootKey")
            kept.rootKey = try vault.seal(key, for: label, using: &random)
        }
        return kept
    }

    /// Returns who issues for an authority at present.
    ///
    /// - Throws: ``PKIError/keyMissing(commonName:)``, ``PKIError/sealed(_:)``.
    package func signer(_ name: String = MeshPKI.meshAuthority) throws(PKIError) -> CertificateAuthority {
        guard let active = self.authority(name)?.active else { throw .keyMissing(commonName: name) }
        return try self.open(active, of: name).signer()
    }

    /// Whether the authority of the mesh is kept here already.
    package var hasMeshAuthority: Bool { self.authority(Self.meshAuthority) != nil }

    /// Takes over the authority that a directory held until now.
    ///
    /// - Parameters:
    ///   - certificates: The authority's certificate, the issuers above it, and other trusted roots.
    ///   - key: Its key, if it is here.
    /// - Throws: ``PKIError``, or the store's error: nothing is taken over then.
    package func adopt(_ certificates: [Certificate], key: PrivateKey?) async throws {
        guard let first = certificates.first else { return }
        var chain = [first]
        while let last = chain.last, !last.isSelfIssued,
            let issuer = certificates.first(where: { $0.subject == last.issuer && last.isSigned(by: $0) })
        {
            chain.append(issuer)
        }
        let generation = try AuthorityGeneration(
            certificate: first,
            chain: Array(chain.dropFirst()),
            key: key,
            rootKey: nil
        )
        var record = AuthorityRecord(
            generations: [try self.seal(generation, number: 1, phase: .active, of: Self.meshAuthority)]
        )
        // What the file trusted besides stays trusted.
        for other in certificates where !chain.contains(other) && other.isSelfIssued {
            let generation = try AuthorityGeneration(certificate: other, chain: [], key: nil, rootKey: nil)
            let number = record.generations.count + 1
            record.generations.append(
                try self.seal(generation, number: number, phase: .trusted, of: Self.meshAuthority)
            )
        }
        let adopted = record
        try await self.store.write { (transaction) throws(PersistenceError) in
            let kind = ObjectKind.authority.plural
            guard transaction.object(kind, Self.meshAuthority) == nil else { return .rollBack(()) }
            var draft = AdminObjectDraft(kind: kind, name: Self.meshAuthority)
            adopted.write(to: &draft)
            _ = try transaction.put(draft, event: ObjectKind.authority.singular + ".created")
            return .commit(())
        }
    }
}

/// Random bytes as a generator.
struct RandomBytes: RandomNumberGenerator {
    let bytes: @Sendable (Int) -> [UInt8]

    mutating func next() -> UInt64 {
        self.bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
