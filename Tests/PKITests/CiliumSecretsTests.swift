import Foundation
import PKI
import TestSupport
import Testing

/// Credentials of a root, an issuing authority and a leaf of `profile`.
func makeBundle(_ profile: CertificateProfile, _ generation: AuthorityGeneration) throws -> CredentialBundle {
    let key = try PrivateKey.generate()
    return try CredentialBundle(
        leaf: generation.signer().leaf(profile, key: key),
        chain: generation.intermediates,
        key: key,
        trustRoots: [generation.root]
    )
}

@Suite struct CiliumSecretsTests {
    private let secrets: CiliumSecrets
    private let generation: AuthorityGeneration

    init() throws {
        self.secrets = try CiliumSecrets(namespace: "mesh")
        self.generation = try AuthorityGeneration.make()
    }

    private func text(_ manifest: SecretManifest) -> String {
        String(decoding: manifest.yaml().copy(), as: UTF8.self)
    }

    /// The value of one key, decoded.
    private func value(_ key: String, of manifest: SecretManifest) throws -> String {
        let lines = self.text(manifest).split(separator: "\n")
        let line = try #require(lines.first { $0.hasPrefix("  \"\(key)\": ") })
        let data = try #require(Data(base64Encoded: String(line.dropFirst(key.count + 6))))
        return String(decoding: data, as: UTF8.self)
    }

    @Test(arguments: CertificateProfile.allCases)
    func certificateSecretHoldsRootChainAndKey(profile: CertificateProfile) throws {
        let bundle = try makeBundle(profile, self.generation)
        let manifest = self.secrets.certificate(profile, bundle)
        let head = """
            ---
            apiVersion: v1
            kind: Secret
            metadata:
              name: clustermesh-apiserver-\(profile.rawValue)-cert
              namespace: mesh
            type: kubernetes.io/tls
            data:
              "ca.crt": 
            """
        #expect(self.text(manifest).hasPrefix(head))
        #expect(manifest.keys == ["ca.crt", "tls.crt", "tls.key"])
        let root = try Certificate.bundle(pem: Array(self.value("ca.crt", of: manifest).utf8))
        let chain = try Certificate.bundle(pem: Array(self.value("tls.crt", of: manifest).utf8))
        let key = try SecretBytes(Array(self.value("tls.key", of: manifest).utf8)).withBytes {
            try PrivateKey(pem: $0)
        }
        #expect(root == [self.generation.root])
        #expect(chain == [bundle.leaf, self.generation.certificate])
        #expect(key.matches(bundle.leaf))
    }

    @Test func agentsReadEveryPeerFromTheirOwnService() throws {
        let peers = try [
            CiliumSecrets.Peer(name: "west", host: "mesh.west.example"),
            CiliumSecrets.Peer(name: "north", addresses: ["192.0.2.1"]),
        ]
        let manifest = try self.secrets.agents(peers: peers)
        #expect(manifest.name == "cilium-clustermesh" && manifest.keys == ["north", "west"])
        #expect(!self.text(manifest).contains("type:"))
        let expected = """
            endpoints:
            - https://clustermesh-apiserver.mesh.svc:2379
            trusted-ca-file: /var/lib/cilium/clustermesh/local-etcd-client-ca.crt
            key-file: /var/lib/cilium/clustermesh/local-etcd-client.key
            cert-file: /var/lib/cilium/clustermesh/local-etcd-client.crt

            """
        for name in ["north", "west"] { #expect(try self.value(name, of: manifest) == expected) }
        #expect(try self.text(self.secrets.agents(peers: [])).hasSuffix("data: {}\n"))
    }

    @Test func mirrorDialsPeersByNameOrByAddress() throws {
        let own = try makeBundle(.remote, self.generation)
        let peers = try [
            CiliumSecrets.Peer(name: "west", host: "Mesh.West.Example", port: 32379, credentials: own),
            CiliumSecrets.Peer(name: "north", addresses: ["192.0.2.1", "2001:db8::1"]),
            CiliumSecrets.Peer(name: "south", host: "2001:db8::7"),
        ]
        let manifest = try self.secrets.mirror(peers: peers)
        #expect(manifest.name == "cilium-kvstoremesh")
        let keys = ["ca.crt", "key", "crt"].map {
            $0 == "ca.crt" ? "west.etcd-client-ca.crt" : "west.etcd-client.\($0)"
        }
        #expect(manifest.keys == ["north", "south", "west"] + keys)
        let north = """
            endpoints:
            - https://north.mesh.cilium.io:2379
            trusted-ca-file: /var/lib/cilium/clustermesh/common-etcd-client-ca.crt
            key-file: /var/lib/cilium/clustermesh/common-etcd-client.key
            cert-file: /var/lib/cilium/clustermesh/common-etcd-client.crt
            cilium-host-aliases:
            - hostname: north.mesh.cilium.io
              ips:
              - "192.0.2.1"
              - "2001:db8::1"

            """
        #expect(try self.value("north", of: manifest) == north)
        #expect(try self.value("south", of: manifest).contains("- https://[2001:db8::7]:2379\n"))
        let west = """
            endpoints:
            - https://mesh.west.example:32379
            trusted-ca-file: /var/lib/cilium/clustermesh/west.etcd-client-ca.crt
            key-file: /var/lib/cilium/clustermesh/west.etcd-client.key
            cert-file: /var/lib/cilium/clustermesh/west.etcd-client.crt

            """
        #expect(try self.value("west", of: manifest) == west)
        // Without a mirror, agents dial the same.
        let direct = try self.secrets.agents(peers: peers, mirrorPort: nil)
        #expect(try self.value("west", of: direct) == west)
    }

    @Test func namesThatCannotStandInAManifestAreRefused() throws {
        for namespace in ["", "a b", "Mesh", "x:\n y", "-a", String(repeating: "n", count: 64)] {
            #expect(throws: PKIError.self, "\(namespace)") { try CiliumSecrets(namespace: namespace) }
        }
        for name in ["", "a.b", "west\"", String(repeating: "n", count: 33)] {
            #expect(throws: PKIError.self, "\(name)") {
                try CiliumSecrets.Peer(name: name, host: "h.example")
            }
        }
        for host in ["", "h\n- x", "a b", "h.example/path"] {
            #expect(throws: PKIError.self, "\(host)") { try CiliumSecrets.Peer(name: "west", host: host) }
        }
        for addresses in [[], ["h.example"], ["192.0.2.1", "x"]] {
            #expect(throws: PKIError.self) { try CiliumSecrets.Peer(name: "west", addresses: addresses) }
        }
        for port in [0, -1, 65_536] {
            #expect(throws: PKIError.self) { try CiliumSecrets.Peer(name: "west", host: "h", port: port) }
        }
        let twice = try [CiliumSecrets.Peer(name: "west", host: "a"), .init(name: "west", host: "b")]
        #expect(throws: PKIError.invalidName("west", reason: "two peers have this name")) {
            try self.secrets.mirror(peers: twice)
        }
    }
}

@Suite(.enabled(if: OpenSSLTool.isInstalled, "the openssl program is not installed"))
struct PKCS12Tests {
    private let temporary: TemporaryDirectory
    private let bundle: CredentialBundle

    init() throws {
        self.temporary = try TemporaryDirectory()
        self.bundle = try makeBundle(.remote, AuthorityGeneration.make())
    }

    private func read(_ password: String, _ options: String...) throws -> ToolResult {
        try OpenSSLTool.run(
            ["pkcs12", "-in", "f.p12", "-passin", "pass:\(password)"] + options,
            in: self.temporary
        )
    }

    @Test func fileOpensWithItsPasswordOnly() throws {
        for password in ["s3cret pass", "p\u{e4}ssw\u{f6}rd"] {
            let file = try PKCS12.encode(
                self.bundle,
                name: "remote of east",
                password: SecretBytes(Array(password.utf8))
            )
            try self.temporary.write(file, to: "f.p12")
            let certificates = try self.read(password, "-nokeys")
            #expect(certificates.status == 0, "\(certificates.output)")
            #expect(certificates.output.contains("friendlyName: remote of east"))
            let blocks = "-----BEGIN CERTIFICATE-----"
            #expect(certificates.output.split(separator: "\n").count { $0 == blocks } == 2)
            let key = try self.read(password, "-nocerts", "-noenc", "-out", "k.pem")
            #expect(key.status == 0, "\(key.output)")
            let read = try SecretBytes(self.temporary.read("k.pem")).withBytes { try PrivateKey(pem: $0) }
            #expect(read.matches(self.bundle.leaf))
            let info = try self.read(password, "-info", "-noout").output
            #expect(info.contains("AES-256-CBC") && info.contains("MAC: sha256"), "\(info)")
            #expect(try self.read("wrong", "-noout").output.contains("invalid password"))
        }
    }

    @Test func passwordsThatNoFileCanHaveAreRefused() throws {
        let passwords: [[UInt8]] = [[], [0x61, 0, 0x62], [0xff], [UInt8](repeating: 0x61, count: 1025)]
        for password in passwords {
            let error = #expect(throws: PKIError.self) {
                try PKCS12.encode(self.bundle, name: "x", password: SecretBytes(password))
            }
            guard case .invalidPassword = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
    }
}
