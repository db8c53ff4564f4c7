/// A directory that holds a mesh's authority and the first certificates of one server.
///
/// Files, in the order in which a first start makes them: `ca.key`, `ca.crt`, then `server`, `admin`, `local`
/// and `remote`, each as `.key` and `.crt`. A key always comes before its certificate, and each file appears
/// complete, so that a start that was killed at any point is simply continued by the next one.
///
/// What a start may do to files that are there:
/// - take access to the directory and to keys from the group and from others;
/// - replace a leaf *certificate* that has expired, is in the last third of its life, or lacks a name that
///   the settings ask for. Its key stays, because two files cannot be replaced in one step;
/// - nothing else. A damaged, foreign or mismatched file is an error that names it, and stays as it is.
///
/// The authority's key may be taken away once everything is there; then nothing can be replaced.
package struct PKIDirectory: Sendable {
    /// The directory's path, whose parent must exist.
    package let path: String
    /// What the certificates say.
    package let settings: Settings

    /// Creates a description of the directory; touches nothing.
    package init(path: String, settings: Settings) {
        self.path = path
        self.settings = settings
    }

    /// What the certificates of a directory say, and how long they live.
    package struct Settings: Hashable, Sendable {
        /// The name of the cluster, which stands in common names.
        package var clusterName: String
        /// Names and addresses that clients dial, besides those that every server has.
        package var serverNames: [AlternativeName]
        /// The life of a new authority.
        package var authorityLifetime: Duration
        /// The life of a leaf, cut off where the authority's ends.
        package var leafLifetime: Duration
        /// How far in the past new certificates begin, for verifiers whose clocks are slow.
        package var backdating: Duration

        /// Creates settings; by default an authority lives ten years and a leaf one.
        package init(
            clusterName: String,
            serverNames: [AlternativeName] = [],
            authorityLifetime: Duration = .seconds(3650 * 86_400),
            leafLifetime: Duration = .seconds(365 * 86_400),
            backdating: Duration = .seconds(300)
        ) {
            self.clusterName = clusterName
            self.serverNames = serverNames
            self.authorityLifetime = authorityLifetime
            self.leafLifetime = leafLifetime
            self.backdating = backdating
        }
    }

    /// Something that a start did to a file, or found.
    ///
    /// `file` is the name within the directory.
    package enum Notice: Hashable, Sendable {
        /// The file was not there and was made.
        case created(file: String)
        /// The certificate was replaced by a new one for the same key.
        case reissued(file: String, because: ReissueReason)
        /// The certificate is in the last third of its life, and was not replaced: an authority's never is,
        /// and a leaf's is not without the authority's key.
        case renewalDue(file: String, Validity)
        /// The file was replaced by what it should be.
        case replaced(file: String)
        /// Others had access to the file (or the directory, `.`); `formerMode` is the mode from before.
        case tightened(file: String, formerMode: UInt32)
    }

    /// Why a leaf certificate was replaced.
    package enum ReissueReason: Hashable, Sendable {
        /// Its life had ended.
        case expired
        /// The last third of its life had begun.
        case renewalDue
        /// It lacked names that the settings ask for.
        case namesMissing([AlternativeName])
        /// Another authority, or another generation of it, issues now.
        case authorityChanged
    }

    /// Loads the credentials, after making those that are missing and replacing those whose time has come.
    ///
    /// Blocks for files and for making keys; not for event loops. One process at a time; a second one fails.
    ///
    /// - Parameters:
    ///   - now: The time in seconds since 1970.
    ///   - generator: The source of serial numbers.
    /// - Returns: The credentials, all checked against the authority at `now`.
    /// - Throws: ``PKIError/file(path:_:)`` for everything that is wrong with files;
    ///   ``PKIError/invalidName(_:reason:)`` and ``PKIError/invalidValidity(_:)`` for settings, before
    ///   anything is written.
    package func load(
        now: Int64,
        using generator: inout some RandomNumberGenerator
    ) throws(PKIError) -> MeshCredentials {
        try self.settings.validate(now: now)
        var session = PKISession(
            directory: try SecureDirectory.open(self.path),
            settings: self.settings,
            now: now
        )
        return try session.load(using: &generator)
    }
}

extension PKIDirectory {
    /// An authority that is kept elsewhere: the directory is then what it puts out.
    package struct Issuer: Sendable {
        /// What `ca.crt` holds: the roots to trust.
        package var trusted: [Certificate]
        /// Who issues, or `nil` when nobody can at present.
        package var signer: CertificateAuthority?
        /// When a leaf is to be renewed, in seconds since 1970.
        package var renewalTime: @Sendable (Certificate) -> Int64
        /// Whether a leaf was revoked; its key is then replaced, too.
        package var isDenied: @Sendable (Certificate) -> Bool

        /// Creates a description.
        package init(
            trusted: [Certificate],
            signer: CertificateAuthority?,
            renewalTime: @escaping @Sendable (Certificate) -> Int64 = { $0.validity.renewalTime },
            isDenied: @escaping @Sendable (Certificate) -> Bool = { _ in false }
        ) {
            self.trusted = trusted
            self.signer = signer
            self.renewalTime = renewalTime
            self.isDenied = isDenied
        }
    }

    /// Loads the credentials, after bringing the files to what an authority that is kept elsewhere says.
    ///
    /// Like ``load(now:using:)``, but `ca.key` is neither read nor made, `ca.crt` is written, and a leaf
    /// is also replaced when another authority issues, when it was revoked, or when its key is not the one
    /// in the file.
    ///
    /// - Parameters:
    ///   - issuer: The authority.
    ///   - now: The time in seconds since 1970.
    ///   - generator: The source of serial numbers.
    /// - Returns: The credentials.
    /// - Throws: As ``load(now:using:)``.
    package func load(
        issuedBy issuer: Issuer,
        now: Int64,
        using generator: inout some RandomNumberGenerator
    ) throws(PKIError) -> MeshCredentials {
        try self.settings.validate(now: now)
        var session = PKISession(
            directory: try SecureDirectory.open(self.path),
            settings: self.settings,
            now: now,
            issuer: issuer
        )
        return try session.load(using: &generator)
    }

    /// Removes the authority's key after somebody else has taken it over; nothing happens when there is none.
    ///
    /// - Throws: ``PKIError/file(path:_:)``.
    package func removeAuthorityKey() throws(PKIError) {
        try SecureDirectory.open(self.path).remove(PKISession.authorityKeyFile)
    }
}

extension PKIDirectory.Settings {
    /// What a leaf of `profile` says in this directory.
    func template(_ profile: CertificateProfile) -> CertificateTemplate {
        profile.template(cluster: self.clusterName, additionalNames: self.serverNames)
    }

    /// Finds what would otherwise fail in the middle of a first start.
    fileprivate func validate(now: Int64) throws(PKIError) {
        try validateCommonName(CertificateAuthority.rootCommonName(cluster: self.clusterName))
        for profile in CertificateProfile.allCases { try self.template(profile).validate() }
        _ = try self.period(self.authorityLifetime, from: now)
        _ = try self.period(self.leafLifetime, from: now)
    }

    /// Returns the period that begins a little before `now` and lasts until `lifetime` after it.
    func period(_ lifetime: Duration, from now: Int64) throws(PKIError) -> Validity {
        let (notBefore, underflow) = now.subtractingReportingOverflow(self.backdating.components.seconds)
        let (notAfter, overflow) = now.addingReportingOverflow(lifetime.components.seconds)
        let period = Validity(notBefore: underflow ? now : notBefore, notAfter: overflow ? now : notAfter)
        guard period.isIssuable, period.notBefore <= now, now < period.notAfter else {
            throw .invalidValidity(period)
        }
        return period
    }
}
