import PKI
import Testing

/// What we write, read by an independent program; and what it writes, read by us.
@Suite(.enabled(if: OpenSSLTool.isInstalled, "the openssl program is not installed"))
struct OpenSSLToolTests {
    private let temporary: TemporaryDirectory
    private let directory: PKIDirectory

    init() throws {
        self.temporary = try TemporaryDirectory()
        self.directory = PKIDirectory(in: self.temporary)
    }

    @discardableResult
    private func openssl(_ arguments: String...) throws -> ToolResult {
        try OpenSSLTool.run(arguments, in: self.temporary)
    }

    /// Runs a command that has to succeed.
    @discardableResult
    private func make(_ arguments: String...) throws -> ToolResult {
        let result = try OpenSSLTool.run(arguments, in: self.temporary)
        try #require(result.status == 0, "\(arguments): \(result.output)")
        return result
    }

    @Test(arguments: CertificateProfile.allCases)
    func leafPassesStrictVerificationForItsPurposeOnly(profile: CertificateProfile) throws {
        try self.directory.load()
        let (right, wrong) =
            profile.purpose == .server ? ("sslserver", "sslclient") : ("sslclient", "sslserver")
        for (purpose, isAccepted) in [(right, true), (wrong, false)] {
            let result = try self.openssl(
                "verify",
                "-x509_strict",
                "-purpose",
                purpose,
                "-attime",
                "\(noon)",
                "-CAfile",
                "pki/ca.crt",
                "pki/\(profile.rawValue).crt"
            )
            #expect((result.status == 0) == isAccepted, "\(purpose): \(result.output)")
        }
        for (time, reason) in [(noon + 366 * day, "has expired"), (noon - 301, "not yet valid")] {
            let result = try self.openssl(
                "verify",
                "-attime",
                "\(time)",
                "-CAfile",
                "pki/ca.crt",
                "pki/\(profile.rawValue).crt"
            )
            #expect(result.status != 0 && result.output.contains(reason), "\(result.output)")
        }
    }

    @Test(arguments: [
        ("-verify_hostname", "clustermesh-apiserver.cilium.io", true),
        ("-verify_hostname", "clustermesh-apiserver.kube-system.svc", true),
        ("-verify_hostname", "west.mesh.cilium.io", true), ("-verify_hostname", "localhost", true),
        ("-verify_hostname", "mesh.example", true), ("-verify_ip", "127.0.0.1", true),
        ("-verify_ip", "::1", true),
        ("-verify_ip", "2001:db8::7", true), ("-verify_hostname", "elsewhere.example", false),
        ("-verify_hostname", "a.b.mesh.cilium.io", false), ("-verify_ip", "127.0.0.2", false),
    ])
    func serverIsKnownByItsNames(option: String, name: String, isAccepted: Bool) throws {
        let names = try [AlternativeName("mesh.example"), AlternativeName("2001:db8::7")]
        try PKIDirectory(in: self.temporary, serverNames: names).load()
        let result = try self.openssl(
            "verify",
            "-attime",
            "\(noon)",
            option,
            name,
            "-CAfile",
            "pki/ca.crt",
            "pki/server.crt"
        )
        #expect((result.status == 0) == isAccepted, "\(result.output)")
    }

    @Test func extensionsReadAsIntended() throws {
        let credentials = try self.directory.load()
        let root = try self.make("x509", "-in", "pki/ca.crt", "-noout", "-text").output
        for line in [
            "Subject: CN = Isthmus mesh CA east", "Version: 3", "CA:TRUE",
            "X509v3 Basic Constraints: critical",
            "X509v3 Key Usage: critical", "Certificate Sign, CRL Sign", "NIST CURVE: P-256",
            "Signature Algorithm: ecdsa-with-SHA256", "X509v3 Subject Key Identifier",
            "X509v3 Authority Key Identifier",
        ] {
            #expect(root.contains(line), "\(line) is not in\n\(root)")
        }
        let server = try self.make("x509", "-in", "pki/server.crt", "-noout", "-text").output
        for line in [
            "CA:FALSE", "X509v3 Key Usage: critical", "Digital Signature\n",
            "TLS Web Server Authentication\n",
            "DNS:clustermesh-apiserver.cilium.io, DNS:clustermesh-apiserver.kube-system.svc, ",
            "DNS:*.mesh.cilium.io, ",
            "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
            "Not Before: Jan 15 07:55:00 2027 GMT",
        ] {
            #expect(server.contains(line), "\(line) is not in\n\(server)")
        }
        #expect(!server.contains("TLS Web Client Authentication"))
        let serial = try self.make(
            "x509",
            "-in",
            "pki/server.crt",
            "-noout",
            "-serial",
            "-fingerprint",
            "-sha256"
        )
        #expect(serial.output.contains("serial=\(credentials.server.leaf.serialNumber)\n"))
        let digest = credentials.server.leaf.fingerprint.map { $0 < 16 ? "0\(hex($0))" : hex($0) }
        #expect(serial.output.contains(digest.joined(separator: ":")))
        let admin = try self.make("x509", "-in", "pki/admin.crt", "-noout", "-text").output
        #expect(admin.contains("Subject: CN = admin-east\n"))
        #expect(admin.contains("TLS Web Client Authentication\n"))
        #expect(!admin.contains("TLS Web Server Authentication"))
        #expect(!admin.contains("Subject Alternative Name"))
    }

    private func hex(_ byte: UInt8) -> String { String(byte, radix: 16, uppercase: true) }

    @Test func keysReadAsIntended() throws {
        try self.directory.load()
        for name in ["ca", "server", "admin", "local", "remote"] {
            let key = try self.make("pkey", "-in", "pki/\(name).key", "-pubout").output
            let certificate = try self.make("x509", "-in", "pki/\(name).crt", "-noout", "-pubkey").output
            #expect(key == certificate)
            #expect(key.hasPrefix("-----BEGIN PUBLIC KEY-----"))
        }
    }

    @Test func authorityOfAnotherToolIsTakenOver() throws {
        try self.make(
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "ca.key",
            "-out",
            "ca.crt",
            "-days",
            "30000",
            "-subj",
            "/CN=Cilium CA"
        )
        // The tool knows no start time other than its clock's, so the clock is asked through its certificate.
        let ours = try Certificate.single(pem: self.temporary.read("ca.crt"))
        let now = ours.validity.notBefore + day
        try self.makeDirectory(["ca.key": "ca.key", "ca.crt": "ca.crt"])
        let credentials = try self.directory.load(now: now)
        #expect(credentials.trustRoots == [ours])
        #expect(credentials.notices.contains(.created(file: "remote.crt")))
        #expect(!credentials.notices.contains(.created(file: "ca.crt")))
        try self.make(
            "verify",
            "-purpose",
            "sslclient",
            "-attime",
            "\(now)",
            "-CAfile",
            "pki/ca.crt",
            "pki/remote.crt"
        )
    }

    /// Makes `root.crt`, `sub.key` and `both.crt`: an authority below a root, and its chain.
    private func makeAuthorityBelowARoot() throws {
        try self.make(
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "root.key",
            "-out",
            "root.crt",
            "-days",
            "30000",
            "-subj",
            "/CN=Company root"
        )
        try self.make(
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "sub.key",
            "-out",
            "sub.csr",
            "-subj",
            "/CN=Mesh CA"
        )
        try self.temporary.write(
            "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n",
            to: "sub.ext"
        )
        try self.make(
            "x509",
            "-req",
            "-in",
            "sub.csr",
            "-CA",
            "root.crt",
            "-CAkey",
            "root.key",
            "-CAcreateserial",
            "-days",
            "20000",
            "-extfile",
            "sub.ext",
            "-out",
            "sub.crt"
        )
        try self.temporary.write(
            self.temporary.read("sub.crt") + self.temporary.read("root.crt"),
            to: "both.crt"
        )
    }

    @Test func authorityBelowARootPresentsItsChain() throws {
        try self.makeAuthorityBelowARoot()
        try self.makeDirectory(["ca.key": "sub.key", "ca.crt": "both.crt"])
        let subordinate = try Certificate.bundle(pem: self.temporary.read("both.crt"))[0]
        let now = subordinate.validity.notBefore + day
        let credentials = try self.directory.load(now: now)
        #expect(credentials.server.chain == [subordinate])
        #expect(credentials.trustRoots.count == 2)
        try self.make(
            "verify",
            "-purpose",
            "sslserver",
            "-attime",
            "\(now)",
            "-CAfile",
            "root.crt",
            "-untrusted",
            "pki/server.crt",
            "pki/server.crt"
        )
        #expect(try self.directory.load(now: now).notices.isEmpty)
    }

    @Test func leafThatIssuesIsNotTrusted() throws {
        let credentials = try self.directory.load()
        try self.make(
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "e.key",
            "-out",
            "e.csr",
            "-subj",
            "/CN=root"
        )
        try self.make(
            "x509",
            "-req",
            "-in",
            "e.csr",
            "-CA",
            "pki/admin.crt",
            "-CAkey",
            "pki/admin.key",
            "-CAcreateserial",
            "-days",
            "30000",
            "-out",
            "e.crt"
        )
        let forged = try Certificate.single(pem: self.temporary.read("e.crt"))
        let verifier = try CertificateVerifier(roots: credentials.trustRoots)
        let verdict = try verifier.verify(
            forged,
            intermediates: [credentials.admin.leaf],
            purpose: .client,
            at: max(noon, forged.validity.notBefore)
        )
        #expect(verdict == .rejected(CertificateRejection(.issuerNotAuthority, depth: 1)))
    }

    @Test func certificateWithoutUsagesServesBothPurposes() throws {
        try self.make(
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "k",
            "-out",
            "plain.crt",
            "-days",
            "30000",
            "-subj",
            "/CN=first/CN=second",
            "-addext",
            "subjectAltName=URI:spiffe://mesh/a,email:a@example.org,IP:::2"
        )
        let plain = try Certificate.single(pem: self.temporary.read("plain.crt"))
        #expect(plain.commonName == "second")
        #expect(
            plain.alternativeNames == [
                .uri("spiffe://mesh/a"), .address([UInt8](repeating: 0, count: 15) + [2]),
            ]
        )
        let verifier = try CertificateVerifier(roots: [plain])
        for purpose in CertificatePurpose.allCases {
            let verdict = try verifier.verify(plain, purpose: purpose, at: plain.validity.notBefore)
            #expect(verdict == .trusted)
        }
    }

    /// Makes `pki` with copies of files.
    private func makeDirectory(_ files: [String: String]) throws {
        try self.directory.load()
        for file in filesInOrder { try self.temporary.remove("pki/\(file)") }
        for (name, source) in files {
            try self.temporary.write(self.temporary.read(source), to: "pki/\(name)")
        }
    }
}
