import PKI
import TestSupport
import Testing

@Suite struct CertificateRequestTests {
    private let key: PrivateKey

    init() throws {
        self.key = try PrivateKey.generate()
    }

    @Test func requestSurvivesPEMAndDER() throws {
        let names: [AlternativeName] = [.dns("a.example"), .address([192, 0, 2, 1]), .uri("spiffe://m/a")]
        let made = try CertificateRequest.make(
            commonName: "remote-west",
            alternativeNames: names,
            key: self.key
        )
        #expect(made.commonName == "remote-west")
        #expect(made.alternativeNames == names)
        #expect(made.publicKey == self.key.publicKey)
        #expect(try CertificateRequest(made.pem) == made)
        #expect(try CertificateRequest(made.der) == made)
    }

    @Test func noPrefixOfARequestIsARequest() throws {
        let made = try CertificateRequest.make(commonName: "remote-west", key: self.key)
        for bytes in [made.der, Array(made.pem.dropLast())] {
            for count in 0..<bytes.count {
                #expect(throws: PKIError.self, "\(count) of \(bytes.count) bytes") {
                    try CertificateRequest(Array(bytes[..<count]))
                }
            }
        }
        for extra in [made.der + [0], made.pem + made.pem] {
            #expect(throws: PKIError.self) { try CertificateRequest(extra) }
        }
        let limit = CertificateRequest.largestBytes
        #expect(throws: PKIError.request(.tooLarge(limitBytes: limit))) {
            try CertificateRequest([UInt8](repeating: 0x30, count: limit + 1))
        }
    }

    @Test func everyChangedByteIsNoticed() throws {
        let made = try CertificateRequest.make(commonName: "remote-west", key: self.key)
        for index in made.der.indices {
            var changed = made.der
            changed[index] ^= 1
            #expect(throws: PKIError.self, "byte \(index)") { try CertificateRequest(changed) }
        }
        // In the signature itself, it is the possession that is not proved.
        var changed = made.der
        changed[changed.count - 1] ^= 1
        #expect(throws: PKIError.request(.wrongSignature)) { try CertificateRequest(changed) }
    }

    @Test(
        arguments: [
            (CertificateProfile.admin, nil, "admin-east"), (.local, nil, "local-east"),
            (.remote, nil, "remote"), (.remote, "west", "remote-west"),
        ] as [(CertificateProfile, String?, String)]
    )
    func clientGetsTheNameOfItsProfileOnly(
        profile: CertificateProfile,
        peer: String?,
        commonName: String
    ) throws {
        let right = try CertificateRequest.make(
            commonName: commonName,
            alternativeNames: [.dns(commonName)],
            key: self.key
        )
        let template = try profile.template(for: right, cluster: "east", peer: peer)
        #expect(template == profile.template(cluster: "east", peer: peer))
        #expect(template.alternativeNames.isEmpty)
        for found in ["root", "admin-west", "remote-north", commonName.uppercased(), commonName + " "] {
            let wrong = try CertificateRequest.make(commonName: found, key: self.key)
            #expect(throws: PKIError.request(.wrongCommonName(expected: commonName, found: found))) {
                try profile.template(for: wrong, cluster: "east", peer: peer)
            }
        }
        let more = try CertificateRequest.make(
            commonName: commonName,
            alternativeNames: [.dns("clustermesh-apiserver.cilium.io")],
            key: self.key
        )
        #expect(throws: PKIError.request(.nameNotAllowed("clustermesh-apiserver.cilium.io"))) {
            try profile.template(for: more, cluster: "east", peer: peer)
        }
    }

    @Test func serverGetsItsNamesAndNoOthers() throws {
        func template(_ name: String, _ names: [AlternativeName]) throws -> CertificateTemplate {
            try CertificateProfile.server.template(
                for: .make(commonName: name, alternativeNames: names, key: self.key),
                cluster: "east",
                namespace: "mesh",
                additionalNames: [.dns("mesh.example")]
            )
        }
        let name = "clustermesh-apiserver.mesh.svc"
        let given = try template(name, [.dns("mesh.example"), .dns("*.mesh.cilium.io")])
        #expect(given.commonName == name)
        #expect(given.alternativeNames.contains(.dns(name)))
        #expect(given.alternativeNames.contains(.dns("mesh.example")))
        #expect(given.purpose == .server)
        #expect(throws: PKIError.request(.nameNotAllowed("203.0.113.9"))) {
            try template(name, [.address([203, 0, 113, 9])])
        }
        let standard = CertificateProfile.serverCommonName
        for found in ["*.mesh.cilium.io", "clustermesh-apiserver.kube-system.svc", "admin-east"] {
            #expect(throws: PKIError.request(.wrongCommonName(expected: standard, found: found))) {
                try template(found, [])
            }
        }
    }

    @Test func signedRequestIsTrusted() throws {
        let generation = try AuthorityGeneration.make()
        let request = try CertificateRequest.make(commonName: "remote-west", key: self.key)
        var generator = SeededGenerator(seed: 4)
        let leaf = try generation.signer().issue(
            CertificateProfile.remote.template(for: request, cluster: "east", peer: "west"),
            publicKey: request.publicKey,
            serialNumber: .random(using: &generator),
            validity: Validity(notBefore: noon, notAfter: noon + day),
            now: noon
        )
        #expect(self.key.matches(leaf))
    }
}

/// Requests of the OpenSSL tool, and ours read by it.
@Suite(.enabled(if: OpenSSLTool.isInstalled, "the openssl program is not installed"))
struct OpenSSLRequestTests {
    private let temporary: TemporaryDirectory

    init() throws {
        self.temporary = try TemporaryDirectory()
    }

    private func request(
        key: String = "-newkey ec -pkeyopt ec_paramgen_curve:P-256",
        subject: String = "/CN=remote-west",
        extensions: [String] = []
    ) throws -> CertificateRequest {
        let words =
            "req \(key) -nodes -keyout k -out r.pem -subj \(subject)".split(separator: " ").map(String.init)
        let result = try OpenSSLTool.run(
            words + extensions.flatMap { ["-addext", $0] },
            in: self.temporary
        )
        try #require(result.status == 0, "\(result.output)")
        return try CertificateRequest(self.temporary.read("r.pem"))
    }

    @Test(arguments: [
        "-newkey rsa:2048", "-newkey rsa:4096", "-newkey ec -pkeyopt ec_paramgen_curve:P-384",
        "-newkey ec -pkeyopt ec_paramgen_curve:P-521",
    ])
    func usualKeysAreAccepted(key: String) throws {
        let request = try self.request(key: key, extensions: ["subjectAltName=DNS:Remote-West,IP:::1"])
        #expect(request.commonName == "remote-west")
        #expect(request.alternativeNames == [.dns("remote-west"), try AlternativeName("::1")])
    }

    @Test(arguments: [
        ("-newkey rsa:1024", "RSA of 1024 bits"), ("-newkey rsa:4224", "RSA of 4224 bits"),
        ("-newkey ec -pkeyopt ec_paramgen_curve:secp224r1", "EC on secp224r1"),
        ("-newkey ed25519", "ED25519"),
    ])
    func weakHugeAndUnknownKeysAreNamed(key: String, found: String) throws {
        #expect(throws: PKIError.unsupportedKey(found: found)) { try self.request(key: key) }
    }

    @Test func keyInAnUnusualEncodingIsRefused() throws {
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -pkeyopt"
        #expect(throws: PKIError.request(.unusualKeyEncoding)) {
            try self.request(key: "\(key) ec_param_enc:explicit")
        }
        _ = try self.request()
        let made = try OpenSSLTool.run(
            ["ec", "-in", "k", "-conv_form", "compressed", "-out", "c"],
            in: self.temporary
        )
        try #require(made.status == 0, "\(made.output)")
        #expect(throws: PKIError.request(.unusualKeyEncoding)) { try self.request(key: "-new -key c") }
    }

    @Test func wishesThatAreNeverGivenAreNamed() throws {
        let many = (0..<129).map { "DNS:n\($0).example" }.joined(separator: ",")
        let huge = (0..<3000).map { "DNS:n\($0).example" }.joined(separator: ",")
        let cases: [(String, [String], PKIError)] = [
            ("/CN=a/CN=b", [], .request(.severalCommonNames(2))),
            ("/CN=a", ["basicConstraints=critical,CA:TRUE"], .request(.asksForAuthority)),
            ("/CN=a", ["subjectAltName=\(many)"], .request(.tooManyNames(found: 129, limit: 128))),
            ("/CN=a", ["subjectAltName=\(huge)"], .request(.tooManyNames(found: 3000, limit: 128))),
            ("/CN=a", ["subjectAltName=email:a@b.example"], .request(.unsupportedName)),
            (
                "/CN=a", ["subjectAltName=DNS:a b"],
                .invalidName("a b", reason: "not a DNS name in lower case")
            ),
        ]
        for (subject, extensions, expected) in cases {
            #expect(throws: expected) { try self.request(subject: subject, extensions: extensions) }
        }
        #expect(try self.request(subject: "/O=nobody").commonName.isEmpty)
        #expect(try self.request(extensions: ["basicConstraints=CA:FALSE"]).commonName == "remote-west")
    }

    @Test func oursIsReadByTheTool() throws {
        let made = try CertificateRequest.make(
            commonName: "local-east",
            alternativeNames: [.dns("local-east"), .address([192, 0, 2, 1])],
            key: .generate(.rsa(bits: 2048))
        )
        try self.temporary.write(made.pem, to: "ours.pem")
        let shown = try OpenSSLTool.run(
            ["req", "-in", "ours.pem", "-noout", "-verify", "-text"],
            in: self.temporary
        )
        #expect(shown.status == 0)
        for text in ["verify OK", "Subject: CN = local-east", "DNS:local-east, IP Address:192.0.2.1"] {
            #expect(shown.output.contains(text), "\(text) is not in\n\(shown.output)")
        }
    }
}
