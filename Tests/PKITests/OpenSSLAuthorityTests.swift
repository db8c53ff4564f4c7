import PKI
import TestSupport
import Testing

/// Authorities that the OpenSSL tool made, taken over; and ours, verified by it.
@Suite(.enabled(if: OpenSSLTool.isInstalled, "the openssl program is not installed"))
struct OpenSSLAuthorityTests {
    private let temporary: TemporaryDirectory

    init() throws {
        self.temporary = try TemporaryDirectory()
    }

    @discardableResult
    private func openssl(_ line: String) throws -> ToolResult {
        let words = line.split(separator: " ").map(String.init)
        return try OpenSSLTool.run(words, in: self.temporary)
    }

    private func make(_ line: String) throws {
        let result = try self.openssl(line)
        try #require(result.status == 0, "\(line): \(result.output)")
    }

    /// Makes `root.crt` and below it `sub.crt` with more lines of extensions.
    private func makeChain(_ extensions: String, rootExtensions: [String] = []) throws {
        try self.make(
            "req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.crt -days 30000 -subj /CN=Company"
                + rootExtensions.map { " -addext \($0)" }.joined()
        )
        try self.make("req -newkey rsa:2048 -nodes -keyout sub.key -out sub.csr -subj /CN=Mesh")
        try self.temporary.write(
            "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n\(extensions)\n",
            to: "sub.ext"
        )
        try self.make(
            "x509 -req -in sub.csr -CA root.crt -CAkey root.key -CAcreateserial -days 20000 "
                + "-extfile sub.ext -out sub.crt"
        )
    }

    private func importChain() throws -> AuthorityGeneration {
        let certificates =
            try Certificate.bundle(pem: self.temporary.read("sub.crt"))
            + Certificate.bundle(pem: self.temporary.read("root.crt"))
        let key = try SecretBytes(self.temporary.read("sub.key")).withBytes { try PrivateKey(pem: $0) }
        return try AuthorityGeneration.importing(
            certificates,
            key: key,
            now: certificates[0].validity.notBefore + day
        )
    }

    private func leaf(
        _ names: [AlternativeName],
        of generation: AuthorityGeneration,
        purpose: CertificatePurpose = .server
    ) throws -> Certificate {
        var generator = SeededGenerator(seed: 21)
        let start = generation.certificate.validity.notBefore
        return try generation.signer().issue(
            CertificateTemplate(commonName: "mesh", alternativeNames: names, purpose: purpose),
            publicKey: PrivateKey.generate().publicKey,
            serialNumber: .random(using: &generator),
            validity: Validity(notBefore: start + 1, notAfter: start + 100 * day),
            now: start + day
        )
    }

    @Test func ourChainPassesStrictVerification() throws {
        let generation = try AuthorityGeneration.make()
        let leaf = try generation.signer().leaf(.server, key: .generate())
        try self.temporary.write(generation.root.pem, to: "root.crt")
        try self.temporary.write(([leaf] + generation.intermediates).pem, to: "leaf.crt")
        let command = "verify -x509_strict -purpose sslserver -attime \(noon) -CAfile root.crt"
        #expect(try self.openssl("\(command) -untrusted leaf.crt leaf.crt").output == "leaf.crt: OK\n")
        #expect(try self.openssl("\(command) leaf.crt").status != 0)
    }

    @Test func nameConstraintsAreFoundWhenIssuing() throws {
        try self.makeChain(
            "nameConstraints=critical,permitted;DNS:mesh.example,permitted;IP:10.0.0.0/255.0.0.0"
        )
        let generation = try self.importChain()
        let good = try self.leaf([.dns("a.mesh.example"), .address([10, 1, 2, 3])], of: generation)
        try self.temporary.write(good.pem, to: "good.crt")
        let time = generation.certificate.validity.notBefore + 2 * day
        let verified = try self.openssl(
            "verify -attime \(time) -CAfile root.crt -untrusted sub.crt good.crt"
        )
        #expect(verified.output == "good.crt: OK\n")
        for names in [[AlternativeName.dns("mesh.other")], [.address([192, 0, 2, 1])]] {
            let error = #expect(throws: PKIError.self) { try self.leaf(names, of: generation) }
            guard case .wouldBeRejected("mesh", let rejection) = error,
                case .nameConstraint = rejection.reason
            else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
    }

    @Test func usageThatAnIssuerForbidsIsFoundWhenIssuing() throws {
        try self.makeChain("extendedKeyUsage=serverAuth")
        let generation = try self.importChain()
        _ = try self.leaf([], of: generation, purpose: .server)
        let problem = CertificateRejection(.wrongPurpose, depth: 1)
        #expect(throws: PKIError.wouldBeRejected(commonName: "mesh", problem)) {
            try self.leaf([], of: generation, purpose: .client)
        }
    }

    @Test func pathLengthOfAnIssuerAboveIsRespected() throws {
        try self.makeChain("", rootExtensions: ["basicConstraints=critical,CA:TRUE,pathlen:0"])
        #expect(throws: PKIError.pathTooLong(issuer: "Company", allowed: 0)) { try self.importChain() }
    }

    @Test func weakAuthorityIsRefused() throws {
        try self.make(
            "req -x509 -newkey rsa:1024 -nodes -keyout root.key -out root.crt -days 30000 -subj /CN=Company"
        )
        let root = try Certificate.single(pem: self.temporary.read("root.crt"))
        #expect(throws: PKIError.unsupportedKey(found: "RSA of 1024 bits")) {
            try AuthorityGeneration.importing([root], key: nil, now: root.validity.notBefore + day)
        }
    }

    @Test func changedSignatureInTheChainIsFound() throws {
        try self.makeChain("")
        var der = try Certificate.single(pem: self.temporary.read("sub.crt")).der
        der[der.count - 1] ^= 1
        try self.temporary.write(Certificate(der: der).pem, to: "sub.crt")
        #expect(throws: PKIError.incompleteChain(commonName: "Mesh", missingIssuer: "CN=Company")) {
            try self.importChain()
        }
    }
}
