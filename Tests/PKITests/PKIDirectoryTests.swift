import Foundation
import PKI
import TestSupport
import Testing

/// The files of a complete directory, in the order in which a first start makes them.
let filesInOrder = ["ca", "server", "admin", "local", "remote"].flatMap { ["\($0).key", "\($0).crt"] }

extension PKIDirectory {
    /// Loads with a seeded generator.
    @discardableResult
    func load(now: Int64 = noon, seed: UInt64 = 5) throws -> MeshCredentials {
        var generator = SeededGenerator(seed: seed)
        return try forking.withLock { _ in try self.load(now: now, using: &generator) }
    }

    /// The directory `pki` of a temporary one, for cluster `east`.
    init(in temporary: TemporaryDirectory, cluster: String = "east", serverNames: [AlternativeName] = []) {
        self.init(
            path: temporary.file("pki"),
            settings: Settings(clusterName: cluster, serverNames: serverNames)
        )
    }
}

@Suite struct PKIDirectoryTests {
    private let temporary: TemporaryDirectory
    private let directory: PKIDirectory

    init() throws {
        self.temporary = try TemporaryDirectory()
        self.directory = PKIDirectory(in: self.temporary)
    }

    @Test func firstStartMakesEverything() throws {
        let credentials = try self.directory.load()
        #expect(Set(try self.temporary.snapshot(of: "pki").keys) == Set(filesInOrder))
        #expect(credentials.notices == filesInOrder.map { .created(file: $0) })

        let authority = try #require(credentials.authority)
        #expect(authority.certificate.commonName == "Isthmus mesh CA east")
        #expect(
            authority.certificate.validity == Validity(notBefore: noon - 300, notAfter: noon + 3650 * day)
        )
        let verifier = try CertificateVerifier(roots: credentials.trustRoots)
        for profile in CertificateProfile.allCases {
            let bundle = credentials[profile]
            #expect(bundle.leaf.commonName == profile.template(cluster: "east").commonName)
            #expect(bundle.leaf.validity == Validity(notBefore: noon - 300, notAfter: noon + 365 * day))
            #expect(bundle.key.matches(bundle.leaf))
            #expect(bundle.chain.isEmpty)
            #expect(bundle.trustRoots == [authority.certificate])
            #expect(try verifier.verify(bundle.leaf, purpose: profile.purpose, at: noon) == .trusted)
        }
        let serials = CertificateProfile.allCases.map { credentials[$0].leaf.serialNumber }
        #expect(Set(serials + [authority.certificate.serialNumber]).count == 5)
    }

    @Test func bundleHoldsWhatTheFilesHold() throws {
        let credentials = try self.directory.load()
        for profile in CertificateProfile.allCases {
            let bundle = credentials[profile]
            #expect(try bundle.keyPEM.copy() == self.temporary.read("pki/\(profile.rawValue).key"))
            #expect(try bundle.certificateChainPEM == self.temporary.read("pki/\(profile.rawValue).crt"))
            #expect(try bundle.trustRootsPEM == self.temporary.read("pki/ca.crt"))
        }
    }

    @Test func onlyTheOwnerHasAccess() throws {
        try self.directory.load()
        #expect(try self.temporary.mode("pki") == 0o700)
        for file in filesInOrder where file.hasSuffix(".key") {
            #expect(try self.temporary.mode("pki/\(file)") == 0o600, "\(file)")
        }
    }

    @Test func laterStartsChangeNothing() throws {
        let first = try self.directory.load()
        let files = try self.temporary.snapshot(of: "pki")
        let second = try self.directory.load(now: noon + 200 * day, seed: 6)
        #expect(try self.temporary.snapshot(of: "pki") == files)
        #expect(second.notices.isEmpty)
        #expect(second.server.leaf == first.server.leaf)
        #expect(second.remote.keyPEM.copy() == first.remote.keyPEM.copy())
    }

    @Test func accessOfOthersIsTakenAwayAndNoticed() throws {
        try self.directory.load()
        try self.temporary.setMode(0o2770, of: "pki")
        try self.temporary.setMode(0o660, of: "pki/ca.key")
        try self.temporary.setMode(0o644, of: "pki/admin.key")
        let credentials = try self.directory.load()
        #expect(
            credentials.notices == [
                .tightened(file: ".", formerMode: 0o2770), .tightened(file: "ca.key", formerMode: 0o660),
                .tightened(file: "admin.key", formerMode: 0o644),
            ]
        )
        #expect(try self.temporary.mode("pki") & 0o777 == 0o700)
        #expect(try self.temporary.mode("pki/ca.key") == 0o600)
        #expect(try self.temporary.mode("pki/admin.key") == 0o600)
    }

    @Test func leavesAreReplacedFromTheLastThirdOfTheirLife() throws {
        let first = try self.directory.load()
        let renewal = first.server.leaf.validity.renewalTime
        #expect(try self.directory.load(now: renewal - 1).notices.isEmpty)
        let second = try self.directory.load(now: renewal, seed: 6)
        #expect(
            second.notices
                == CertificateProfile.allCases.map {
                    .reissued(file: "\($0.rawValue).crt", because: .renewalDue)
                }
        )
        for profile in CertificateProfile.allCases {
            #expect(second[profile].leaf.validity.notAfter == renewal + 365 * day)
            #expect(second[profile].keyPEM.copy() == first[profile].keyPEM.copy())
            #expect(second[profile].leaf.serialNumber != first[profile].leaf.serialNumber)
        }
        #expect(second.trustRoots == first.trustRoots)
        #expect(try self.directory.load(now: renewal).notices.isEmpty)
    }

    @Test func expiredLeavesAreReplaced() throws {
        try self.directory.load()
        let late = noon + 400 * day
        let second = try self.directory.load(now: late, seed: 6)
        #expect(
            second.notices
                == CertificateProfile.allCases.map {
                    .reissued(file: "\($0.rawValue).crt", because: .expired)
                }
        )
        #expect(second.admin.leaf.validity.contains(late))
    }

    @Test func leafNeverOutlivesTheAuthority() throws {
        try self.directory.load()
        let late = noon + 3600 * day
        let credentials = try self.directory.load(now: late, seed: 6)
        let end = try #require(credentials.authority).certificate.validity.notAfter
        #expect(credentials.server.leaf.validity.notAfter == end)
        #expect(credentials.notices.first == .renewalDue(file: "ca.crt", credentials.trustRoots[0].validity))
    }

    @Test func newServerNameReplacesTheServerCertificateOnly() throws {
        let first = try self.directory.load()
        let name = try AlternativeName("mesh.example")
        let wider = PKIDirectory(in: self.temporary, serverNames: [name])
        let second = try wider.load(seed: 6)
        #expect(second.notices == [.reissued(file: "server.crt", because: .namesMissing([name]))])
        #expect(second.server.leaf.alternativeNames == first.server.leaf.alternativeNames + [name])
        #expect(second.admin.leaf == first.admin.leaf)
        // A name that is no longer asked for does no harm until the next renewal.
        #expect(try self.directory.load().notices.isEmpty)
    }

    @Test func settingsThatCannotWorkWriteNothing() throws {
        let long = String(repeating: "c", count: 60)
        #expect(throws: PKIError.self) { try PKIDirectory(in: self.temporary, cluster: long).load() }
        #expect(throws: PKIError.self) {
            try PKIDirectory(in: self.temporary, serverNames: [.dns("not a name")]).load()
        }
        var settings = PKIDirectory.Settings(clusterName: "east")
        settings.leafLifetime = .zero
        #expect(throws: PKIError.self) {
            try PKIDirectory(path: self.temporary.file("pki"), settings: settings).load()
        }
        for seconds in [Int64.max, 253_402_300_800 - noon] {
            settings.leafLifetime = .seconds(seconds)
            #expect(throws: PKIError.self) {
                try PKIDirectory(path: self.temporary.file("pki"), settings: settings).load()
            }
        }
        #expect(!FileManager.default.fileExists(atPath: self.temporary.file("pki")))
    }

    @Test func directoryNeedsItsParentAndMustBeADirectory() throws {
        let settings = PKIDirectory.Settings(clusterName: "east")
        let orphan = self.temporary.file("no/pki")
        #expect(
            throws: PKIError.file(path: orphan, .inaccessible(attempted: "make the directory", code: ENOENT))
        ) {
            try PKIDirectory(path: orphan, settings: settings).load()
        }
        try self.temporary.write("", to: "file")
        let file = self.temporary.file("file")
        #expect(throws: PKIError.file(path: file, .wrongType)) {
            try PKIDirectory(path: file, settings: settings).load()
        }
    }

    @Test func secondProcessIsKeptOut() throws {
        try self.directory.load()
        let descriptor = open(self.directory.path, O_RDONLY | O_DIRECTORY)
        try #require(descriptor >= 0 && flock(descriptor, LOCK_EX) == 0)
        #expect(throws: PKIError.file(path: self.directory.path, .inUse)) { try self.directory.load() }
        close(descriptor)
        #expect(try self.directory.load().notices.isEmpty)
    }
}
