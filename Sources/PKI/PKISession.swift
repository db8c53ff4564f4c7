/// One run of ``PKIDirectory/load(now:using:)``: the open directory, and what was noticed so far.
struct PKISession: ~Copyable {
    private let directory: SecureDirectory
    private let settings: PKIDirectory.Settings
    private let now: Int64
    private let issuer: PKIDirectory.Issuer?
    private var notices: [PKIDirectory.Notice] = []

    init(
        directory: consuming SecureDirectory,
        settings: PKIDirectory.Settings,
        now: Int64,
        issuer: PKIDirectory.Issuer? = nil
    ) {
        self.directory = directory
        self.settings = settings
        self.now = now
        self.issuer = issuer
    }

    /// The authority's file of certificates, checked, and its key where that is there.
    private struct Authority {
        let certificates: [Certificate]
        let verifier: CertificateVerifier
        let signer: CertificateAuthority?
        /// What a leaf must present besides itself: an authority that is not a root, and those above it.
        let chain: [Certificate]
        /// The authority's key where it is in the directory.
        var key: PrivateKey?
    }

    static let authorityKeyFile = "ca.key"
    private static let authorityCertificateFile = "ca.crt"
    private static func keyFile(_ profile: CertificateProfile) -> String { "\(profile.rawValue).key" }
    private static func certificateFile(_ profile: CertificateProfile) -> String { "\(profile.rawValue).crt" }

    mutating func load(using generator: inout some RandomNumberGenerator) throws(PKIError) -> MeshCredentials
    {
        if let formerMode = try self.directory.tighten() {
            self.notices.append(.tightened(file: ".", formerMode: formerMode))
        }
        let authority =
            if let issuer { try self.take(issuer) } else { try self.loadAuthority(using: &generator) }
        let server = try self.loadLeaf(.server, authority, using: &generator)
        let admin = try self.loadLeaf(.admin, authority, using: &generator)
        let local = try self.loadLeaf(.local, authority, using: &generator)
        let remote = try self.loadLeaf(.remote, authority, using: &generator)
        return MeshCredentials(
            authority: authority.signer,
            authorityKey: authority.key,
            trustRoots: authority.certificates,
            server: server,
            admin: admin,
            local: local,
            remote: remote,
            notices: self.notices
        )
    }

    // MARK: The authority

    private mutating func loadAuthority(
        using generator: inout some RandomNumberGenerator
    ) throws(PKIError) -> Authority {
        var key = try self.readKey(Self.authorityKeyFile)
        var certificates = try self.readCertificates(Self.authorityCertificateFile) ?? []
        if certificates.isEmpty {
            try self.requireNoLeaves()
            let ownKey = if let key { key } else { try self.makeKey(Self.authorityKeyFile) }
            key = ownKey
            certificates = [try self.makeAuthority(key: ownKey, using: &generator)]
        }
        let certificate = certificates[0]
        let signer = try self.signer(certificate, key: key)
        try self.checkTime(of: certificate, file: Self.authorityCertificateFile)
        return Authority(
            certificates: certificates,
            verifier: try CertificateVerifier(roots: certificates.filter(\.isSelfIssued)),
            signer: signer,
            chain: certificates.filter { !$0.isSelfIssued },
            key: key
        )
    }

    /// Takes an authority that is kept elsewhere, and writes what is trusted where it is not what the file
    /// says.
    private mutating func take(_ issuer: PKIDirectory.Issuer) throws(PKIError) -> Authority {
        let file = Self.authorityCertificateFile
        // The file is an output here: a damaged one is replaced like an old one.
        let present = try? self.readCertificates(file)
        if present != issuer.trusted {
            try self.writeCertificates(issuer.trusted, to: file)
            self.notices.append(present == nil ? .created(file: file) : .replaced(file: file))
        }
        let above = issuer.signer.map { [$0.certificate] + $0.chain } ?? []
        return Authority(
            certificates: issuer.trusted,
            verifier: try CertificateVerifier(roots: issuer.trusted.filter(\.isSelfIssued)),
            signer: issuer.signer,
            chain: above.filter { !$0.isSelfIssued }
        )
    }

    /// Refuses to make an authority beside leaves.
    ///
    /// They come last in a first start, so a leaf without `ca.crt` means that the authority was lost, and a
    /// new one would part this server from every peer that trusts the old one.
    private borrowing func requireNoLeaves() throws(PKIError) {
        for profile in CertificateProfile.allCases {
            for file in [Self.keyFile(profile), Self.certificateFile(profile)] {
                guard try self.directory.contains(file) else { continue }
                throw self.problem(
                    Self.authorityCertificateFile,
                    .missing(reason: "\(file) is there, so the authority existed before")
                )
            }
        }
    }

    private mutating func makeAuthority(
        key: PrivateKey,
        using generator: inout some RandomNumberGenerator
    ) throws(PKIError) -> Certificate {
        let authority = try CertificateAuthority.makeRoot(
            commonName: CertificateAuthority.rootCommonName(cluster: self.settings.clusterName),
            key: key,
            serialNumber: .random(using: &generator),
            validity: try self.settings.period(self.settings.authorityLifetime, from: self.now)
        )
        try self.writeCertificates([authority.certificate], to: Self.authorityCertificateFile)
        self.notices.append(.created(file: Self.authorityCertificateFile))
        return authority.certificate
    }

    /// Checks that the authority can sign; without its key, only that it could.
    private borrowing func signer(
        _ certificate: Certificate,
        key: PrivateKey?
    ) throws(PKIError) -> CertificateAuthority? {
        do throws(PKIError) {
            try CertificateAuthority.check(certificate)
            guard let key else { return nil }
            return try CertificateAuthority(certificate: certificate, key: key)
        } catch .keyMismatch {
            let problem = FileProblem.keyMismatch(certificateFile: Self.authorityCertificateFile)
            throw self.problem(Self.authorityKeyFile, problem)
        } catch {
            throw self.damaged(Self.authorityCertificateFile, error)
        }
    }

    /// Refuses an authority at the wrong time, and notices when its end is near.
    private mutating func checkTime(of certificate: Certificate, file: String) throws(PKIError) {
        let validity = certificate.validity
        guard validity.contains(self.now) else {
            let isEarly = self.now < validity.notBefore
            throw self.problem(file, .rejected(CertificateRejection(isEarly ? .notYetValid : .expired)))
        }
        if self.now >= validity.renewalTime {
            self.notices.append(.renewalDue(file: file, validity))
        }
    }

    // MARK: Leaves

    private mutating func loadLeaf(
        _ profile: CertificateProfile,
        _ authority: Authority,
        using generator: inout some RandomNumberGenerator
    ) throws(PKIError) -> CredentialBundle {
        let file = Self.certificateFile(profile)
        var presentKey = try self.readKey(Self.keyFile(profile))
        var certificates = try self.readCertificates(file) ?? []
        if let issuer, issuer.signer != nil, let leaf = certificates.first {
            // What can be issued again is not kept for its key's sake, nor missed for want of one.
            if issuer.isDenied(leaf) {
                presentKey = try self.makeKey(Self.keyFile(profile))
                certificates = []
            } else if presentKey?.matches(leaf) != true {
                certificates = []
            }
        }
        let key: PrivateKey
        if let leaf = certificates.first {
            guard let presentKey else {
                throw self.problem(Self.keyFile(profile), .missing(reason: "\(file) is there"))
            }
            guard presentKey.matches(leaf) else {
                throw self.problem(Self.keyFile(profile), .keyMismatch(certificateFile: file))
            }
            key = presentKey
            if let reason = try self.reissueReason(profile, certificates, authority) {
                certificates = try self.issue(profile, key: key, authority, using: &generator)
                self.notices.append(.reissued(file: file, because: reason))
            }
        } else {
            try self.requireSigner(authority, for: file)
            key = if let presentKey { presentKey } else { try self.makeKey(Self.keyFile(profile)) }
            certificates = try self.issue(profile, key: key, authority, using: &generator)
            self.notices.append(.created(file: file))
        }
        return try CredentialBundle(
            leaf: certificates[0],
            chain: Array(certificates.dropFirst()),
            key: key,
            trustRoots: authority.certificates
        )
    }

    /// Checks a leaf that is there, and returns why it should be replaced, or `nil` when it should stay.
    private mutating func reissueReason(
        _ profile: CertificateProfile,
        _ certificates: [Certificate],
        _ authority: Authority
    ) throws(PKIError) -> PKIDirectory.ReissueReason? {
        let file = Self.certificateFile(profile)
        let leaf = certificates[0]
        let template = self.settings.template(profile)
        guard leaf.commonName == template.commonName else {
            let problem = FileProblem.wrongCommonName(expected: template.commonName, found: leaf.commonName)
            throw self.problem(file, problem)
        }
        let verdict = try authority.verifier.verify(
            leaf,
            intermediates: Array(certificates.dropFirst()),
            purpose: profile.purpose,
            at: self.now
        )
        if case .rejected(let rejection) = verdict {
            if rejection == CertificateRejection(.expired), authority.signer != nil { return .expired }
            guard self.issuer?.signer == nil else { return .authorityChanged }
            throw self.problem(file, .rejected(rejection))
        }
        if let signer = self.issuer?.signer {
            let isOwn = leaf.issuer == signer.certificate.subject && leaf.isSigned(by: signer.certificate)
            guard isOwn, Array(certificates.dropFirst()) == authority.chain else { return .authorityChanged }
        }
        let missing = template.alternativeNames.filter { !leaf.alternativeNames.contains($0) }
        guard missing.isEmpty else {
            try self.requireSigner(authority, for: file)
            return .namesMissing(missing)
        }
        let renewalTime = self.issuer?.renewalTime(leaf) ?? leaf.validity.renewalTime
        guard self.now >= renewalTime else { return nil }
        // An issuer near its own end could only give the same end again.
        let isUseless = authority.signer.map { $0.validity.notAfter <= leaf.validity.notAfter } ?? true
        guard !isUseless || self.issuer == nil && authority.signer != nil else {
            self.notices.append(.renewalDue(file: file, leaf.validity))
            return nil
        }
        return .renewalDue
    }

    /// Issues a leaf, checks that it will be trusted, and only then writes it.
    private borrowing func issue(
        _ profile: CertificateProfile,
        key: PrivateKey,
        _ authority: Authority,
        using generator: inout some RandomNumberGenerator
    ) throws(PKIError) -> [Certificate] {
        let file = Self.certificateFile(profile)
        let signer = try self.requireSigner(authority, for: file)
        let period = try self.settings.period(self.settings.leafLifetime, from: self.now)
        let leaf = try signer.issue(
            self.settings.template(profile),
            publicKey: key.publicKey,
            serialNumber: .random(using: &generator),
            validity: period.clamped(to: signer.validity),
            now: self.now
        )
        let verdict = try authority.verifier.verify(
            leaf,
            intermediates: authority.chain,
            purpose: profile.purpose,
            at: self.now
        )
        if case .rejected(let rejection) = verdict { throw self.problem(file, .rejected(rejection)) }
        let certificates = [leaf] + authority.chain
        try self.writeCertificates(certificates, to: file)
        return certificates
    }

    @discardableResult
    private borrowing func requireSigner(
        _ authority: Authority,
        for file: String
    ) throws(PKIError) -> CertificateAuthority {
        guard let signer = authority.signer else {
            throw self.problem(Self.authorityKeyFile, .missing(reason: "it is needed to issue \(file)"))
        }
        return signer
    }

    // MARK: Files

    private mutating func readKey(_ file: String) throws(PKIError) -> PrivateKey? {
        guard let contents = try self.directory.read(file, isSecret: true) else { return nil }
        if let formerMode = contents.formerMode {
            self.notices.append(.tightened(file: file, formerMode: formerMode))
        }
        do throws(PKIError) {
            return try contents.bytes.withBytes { bytes throws(PKIError) in try PrivateKey(pem: bytes) }
        } catch {
            throw self.damaged(file, error)
        }
    }

    private borrowing func readCertificates(_ file: String) throws(PKIError) -> [Certificate]? {
        guard let contents = try self.directory.read(file, isSecret: false) else { return nil }
        do throws(PKIError) {
            return try Certificate.bundle(pem: contents.bytes.copy())
        } catch {
            throw self.damaged(file, error)
        }
    }

    private mutating func makeKey(_ file: String) throws(PKIError) -> PrivateKey {
        let key = try PrivateKey.generate()
        try key.pem().withBytes { bytes throws(PKIError) in
            try self.directory.write(bytes, to: file, mode: 0o600)
        }
        self.notices.append(.created(file: file))
        return key
    }

    private borrowing func writeCertificates(
        _ certificates: [Certificate],
        to file: String
    ) throws(PKIError) {
        try unsafe self.directory.write(certificates.pem.span.bytes, to: file, mode: 0o644)
    }

    private borrowing func problem(_ file: String, _ problem: FileProblem) -> PKIError {
        .file(path: self.directory.path(of: file), problem)
    }

    private borrowing func damaged(_ file: String, _ error: PKIError) -> PKIError {
        self.problem(file, .damaged(reason: error.description))
    }
}
