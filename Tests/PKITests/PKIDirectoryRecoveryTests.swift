import Foundation
import PKI
import Testing

/// Starts on directories that are incomplete or wrong.
@Suite struct PKIDirectoryRecoveryTests {
    private let temporary: TemporaryDirectory
    private let directory: PKIDirectory

    init() throws {
        self.temporary = try TemporaryDirectory()
        self.directory = PKIDirectory(in: self.temporary)
    }

    private func path(_ file: String) -> String { self.temporary.file("pki/\(file)") }

    /// Expects that a load fails with this problem of this file, and that no file has changed.
    private func expect(
        _ problem: FileProblem,
        of file: String,
        now: Int64 = noon,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let files = try self.temporary.snapshot(of: "pki")
        #expect(
            throws: PKIError.file(path: self.path(file), problem),
            sourceLocation: sourceLocation
        ) {
            try self.directory.load(now: now, seed: 77)
        }
        #expect(try self.temporary.snapshot(of: "pki") == files, sourceLocation: sourceLocation)
    }

    /// Expects that a load fails because this file is damaged, and that no file has changed.
    private func expectDamage(of file: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let files = try self.temporary.snapshot(of: "pki")
        let error = #expect(throws: PKIError.self, sourceLocation: sourceLocation) {
            try self.directory.load(seed: 77)
        }
        guard case .file(self.path(file), .damaged)? = error else {
            Issue.record("\(String(describing: error))", sourceLocation: sourceLocation)
            return
        }
        #expect(try self.temporary.snapshot(of: "pki") == files, sourceLocation: sourceLocation)
    }

    @Test(arguments: 0...10)
    func firstStartThatWasKilledIsContinued(completeFiles: Int) throws {
        try self.directory.load()
        for file in filesInOrder[completeFiles...] {
            try self.temporary.remove("pki/\(file)")
            // What was being written when the process died.
            try self.temporary.write("-----BEGIN", to: "pki/.\(file).new")
        }
        let before = try self.temporary.snapshot(of: "pki").filter { !$0.key.hasPrefix(".") }
        let credentials = try self.directory.load(now: noon + day, seed: 6)
        let after = try self.temporary.snapshot(of: "pki")
        #expect(Set(after.keys) == Set(filesInOrder))
        for (file, bytes) in before { #expect(after[file] == bytes, "\(file) has changed") }
        #expect(credentials.notices == filesInOrder[completeFiles...].map { .created(file: $0) })
        #expect(try self.directory.load(now: noon + day).notices.isEmpty)
    }

    @Test(arguments: CertificateProfile.allCases)
    func missingLeafIsIssuedAgain(profile: CertificateProfile) throws {
        try self.directory.load()
        try self.temporary.remove("pki/\(profile.rawValue).key")
        try self.temporary.remove("pki/\(profile.rawValue).crt")
        let credentials = try self.directory.load(seed: 6)
        #expect(
            credentials.notices == [
                .created(file: "\(profile.rawValue).key"), .created(file: "\(profile.rawValue).crt"),
            ]
        )
    }

    @Test(arguments: CertificateProfile.allCases)
    func certificateWithoutItsKeyIsAnError(profile: CertificateProfile) throws {
        try self.directory.load()
        let file = "\(profile.rawValue).key"
        try self.temporary.remove("pki/\(file)")
        try self.expect(.missing(reason: "\(profile.rawValue).crt is there"), of: file)
    }

    @Test(arguments: [["ca.crt"], ["ca.key", "ca.crt"]])
    func lostAuthorityIsNeverReplaced(lost: [String]) throws {
        try self.directory.load()
        for file in lost { try self.temporary.remove("pki/\(file)") }
        try self.expect(
            .missing(reason: "server.key is there, so the authority existed before"),
            of: "ca.crt"
        )
    }

    @Test func authoritysKeyMayBeKeptElsewhereUntilSomethingMustBeIssued() throws {
        let first = try self.directory.load()
        let key = try self.temporary.read("pki/ca.key")
        try self.temporary.remove("pki/ca.key")
        let second = try self.directory.load()
        #expect(second.authority == nil)
        #expect(second.server.leaf == first.server.leaf)
        #expect(second.trustRoots == first.trustRoots)
        #expect(second.notices.isEmpty)

        let renewal = first.server.leaf.validity.renewalTime
        let due = try self.directory.load(now: renewal)
        #expect(due.notices.first == .renewalDue(file: "server.crt", first.server.leaf.validity))
        #expect(due.server.leaf == first.server.leaf)
        try self.expect(.rejected(CertificateRejection(.expired)), of: "server.crt", now: noon + 366 * day)

        try self.temporary.remove("pki/remote.crt")
        try self.expect(.missing(reason: "it is needed to issue remote.crt"), of: "ca.key")
        try self.temporary.write(key, to: "pki/ca.key")
        #expect(try self.directory.load().notices.last == .created(file: "remote.crt"))
    }

    @Test(arguments: filesInOrder)
    func fileThatIsCutShortIsAnError(file: String) throws {
        try self.directory.load()
        let bytes = try self.temporary.read("pki/\(file)")
        for count in [0, 5, bytes.count / 2, bytes.count - 10] {
            try self.temporary.write(Array(bytes[..<count]), to: "pki/\(file)")
            try self.expectDamage(of: file)
        }
    }

    @Test(arguments: filesInOrder)
    func fileOfNoiseIsAnError(file: String) throws {
        try self.directory.load()
        try self.temporary.write([0, 0xff, 0x0a, 0x2d, 0x2d], to: "pki/\(file)")
        try self.expectDamage(of: file)
    }

    @Test func damagedAuthorityOfAHalfFinishedStartIsNotReplaced() throws {
        try self.directory.load()
        for file in filesInOrder.dropFirst(2) { try self.temporary.remove("pki/\(file)") }
        try self.temporary.write("", to: "pki/ca.key")
        try self.expectDamage(of: "ca.key")
        try self.temporary.remove("pki/ca.crt")
        try self.expectDamage(of: "ca.key")
    }

    @Test(arguments: ["ca", "server", "admin", "local", "remote"])
    func keyOfAnotherCertificateIsAnError(name: String) throws {
        try self.directory.load()
        try self.temporary.write(PrivateKey.generate().pem().copy(), to: "pki/\(name).key")
        try self.expect(.keyMismatch(certificateFile: "\(name).crt"), of: "\(name).key")
    }

    @Test func leafOfAnotherAuthorityIsAnError() throws {
        let credentials = try self.directory.load()
        let foreign = try makeRoot().leaf(.local, key: credentials.local.key)
        try self.temporary.write(foreign.pem, to: "pki/local.crt")
        try self.expect(.rejected(CertificateRejection(.unknownIssuer)), of: "local.crt")
    }

    @Test func leafOfAnotherProfileIsAnError() throws {
        let credentials = try self.directory.load()
        let authority = try #require(credentials.authority)
        let wrong = try authority.issue(
            CertificateTemplate(commonName: "admin-east", purpose: .server),
            publicKey: credentials.admin.key.publicKey,
            serialNumber: SerialNumber(magnitude: [1]),
            validity: Validity(notBefore: noon, notAfter: noon + day),
            now: noon
        )
        try self.temporary.write(wrong.pem, to: "pki/admin.crt")
        try self.expect(.rejected(CertificateRejection(.wrongPurpose)), of: "admin.crt")
    }

    @Test func directoryOfAnotherClusterIsAnError() throws {
        try PKIDirectory(in: self.temporary, cluster: "west").load()
        try self.expect(.wrongCommonName(expected: "admin-east", found: "admin-west"), of: "admin.crt")
    }

    @Test func authorityThatMayNotSignIsAnError() throws {
        let credentials = try self.directory.load()
        try self.temporary.write(credentials.server.leaf.pem, to: "pki/ca.crt")
        try self.temporary.write(credentials.server.keyPEM.copy(), to: "pki/ca.key")
        try self.expectDamage(of: "ca.crt")
    }

    @Test func authorityOutsideItsLifeIsAnError() throws {
        try self.directory.load()
        try self.expect(.rejected(CertificateRejection(.expired)), of: "ca.crt", now: noon + 3650 * day)
        try self.expect(.rejected(CertificateRejection(.notYetValid)), of: "ca.crt", now: noon - 301)
    }

    @Test func filesThatAreNoFilesAreErrors() throws {
        try self.directory.load()
        try self.temporary.remove("pki/ca.key")
        try #require(mkfifo(self.path("ca.key"), 0o600) == 0)
        #expect(throws: PKIError.file(path: self.path("ca.key"), .wrongType)) { try self.directory.load() }
        try self.temporary.remove("pki/ca.key")
        try self.temporary.write([UInt8](repeating: 10, count: 1 << 20 + 1), to: "pki/ca.key")
        #expect(throws: PKIError.file(path: self.path("ca.key"), .tooLarge(limitBytes: 1 << 20))) {
            try self.directory.load()
        }
    }

    @Test func errorsNameTheFileAndTheReason() throws {
        try self.directory.load()
        try self.temporary.write("x", to: "pki/ca.crt")
        let error = #expect(throws: PKIError.self) { try self.directory.load() }
        #expect(
            error?.description
                == "\(self.path("ca.crt")): damaged: not a valid certificate in PEM: there is none"
        )
    }
}
