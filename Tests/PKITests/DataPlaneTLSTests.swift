import Foundation
import NIOCore
import NIOEmbedded
import NIOSSL
import PKI
import Testing

/// Handshakes in memory with the TLS library of the data plane, which takes nothing from us but PEM bytes.
///
/// That library asks the real clock, so these directories begin now.
@Suite struct DataPlaneTLSTests {
    private let temporary: TemporaryDirectory
    private let credentials: MeshCredentials

    init() throws {
        self.temporary = try TemporaryDirectory()
        self.credentials = try PKIDirectory(in: self.temporary)
            .load(now: Int64(Date().timeIntervalSince1970))
    }

    /// Lets a client and a server with these credentials meet; returns what the server reads of the client's
    /// "hi".
    private func meet(client: CredentialBundle, server: CredentialBundle, dialled: String) throws -> String {
        var serverSettings = TLSConfiguration.makeServerConfiguration(
            certificateChain: try Self.chain(server),
            privateKey: try Self.key(server)
        )
        serverSettings.trustRoots = .certificates(try Self.roots(server))
        serverSettings.certificateVerification = .noHostnameVerification
        var clientSettings = TLSConfiguration.makeClientConfiguration()
        clientSettings.certificateChain = try Self.chain(client)
        clientSettings.privateKey = try Self.key(client)
        clientSettings.trustRoots = .certificates(try Self.roots(client))

        let near = EmbeddedChannel()
        let far = EmbeddedChannel()
        defer {
            // `finish` would wait for the goodbye of the other side, which nobody passes on any more.
            for channel in [near, far] {
                channel.close(promise: nil)
                channel.embeddedEventLoop.advanceTime(by: .seconds(60))
            }
        }
        try far.pipeline.syncOperations.addHandler(
            NIOSSLServerHandler(context: NIOSSLContext(configuration: serverSettings))
        )
        try near.pipeline.syncOperations.addHandler(
            NIOSSLClientHandler(
                context: NIOSSLContext(configuration: clientSettings),
                serverHostname: dialled
            )
        )
        // Not one of the certificate's addresses: the library takes the peer's address for a name, too.
        let address = try SocketAddress(ipAddress: "192.0.2.1", port: 1)
        far.connect(to: address, promise: nil)
        near.connect(to: address, promise: nil)
        near.writeAndFlush(ByteBuffer(string: "hi"), promise: nil)
        // A handshake takes two flights each way; the rest is for the data and for alerts.
        for _ in 0..<8 {
            while let bytes = try near.readOutbound(as: ByteBuffer.self) { try far.writeInbound(bytes) }
            while let bytes = try far.readOutbound(as: ByteBuffer.self) { try near.writeInbound(bytes) }
        }
        return try far.readInbound(as: ByteBuffer.self).map { String(buffer: $0) } ?? ""
    }

    private static func chain(_ bundle: CredentialBundle) throws -> [NIOSSLCertificateSource] {
        try NIOSSLCertificate.fromPEMBytes(bundle.certificateChainPEM).map { .certificate($0) }
    }

    private static func key(_ bundle: CredentialBundle) throws -> NIOSSLPrivateKeySource {
        .privateKey(try NIOSSLPrivateKey(bytes: bundle.keyPEM.copy(), format: .pem))
    }

    private static func roots(_ bundle: CredentialBundle) throws -> [NIOSSLCertificate] {
        try NIOSSLCertificate.fromPEMBytes(bundle.trustRootsPEM)
    }

    @Test(arguments: [CertificateProfile.admin, .local, .remote])
    func clientsOfTheMeshMeetItsServer(profile: CertificateProfile) throws {
        for name in ["clustermesh-apiserver.kube-system.svc", "east.mesh.cilium.io", "localhost"] {
            let read = try self.meet(
                client: self.credentials[profile],
                server: self.credentials.server,
                dialled: name
            )
            #expect(read == "hi", "\(name)")
        }
    }

    @Test func clientRefusesAServerUnderAnotherName() throws {
        #expect(throws: (any Error).self) {
            try self.meet(
                client: self.credentials.admin,
                server: self.credentials.server,
                dialled: "elsewhere.example"
            )
        }
    }

    @Test func serverRefusesTheServersOwnCertificateFromAClient() throws {
        #expect(throws: (any Error).self) {
            try self.meet(
                client: self.credentials.server,
                server: self.credentials.server,
                dialled: "localhost"
            )
        }
    }

    @Test func serverRefusesAClientOfAnotherMesh() throws {
        let elsewhere = try TemporaryDirectory()
        let other = try PKIDirectory(in: elsewhere).load(now: Int64(Date().timeIntervalSince1970))
        // It knows our root, so that only the server has a reason to refuse.
        let stranger = try CredentialBundle(
            leaf: other.admin.leaf,
            chain: [],
            key: other.admin.key,
            trustRoots: self.credentials.trustRoots
        )
        #expect(throws: (any Error).self) {
            try self.meet(client: stranger, server: self.credentials.server, dialled: "localhost")
        }
    }
}
