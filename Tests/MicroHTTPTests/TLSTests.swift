import Foundation
import MicroHTTP
import Testing

/// Certificates made by the `openssl` command, once for a test.
final class TestCertificates: Sendable {
    private static let script = """
        set -e
        curve="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        openssl req -x509 $curve -days 2 -keyout ca.key -out ca.crt -subj /CN=ca
        for name in first second client; do
            openssl req $curve -keyout $name.key -out $name.csr -subj /CN=$name
            openssl x509 -req -in $name.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 1 -out $name.crt
            openssl x509 -in $name.crt -outform DER -out $name.der
        done
        """

    private let directory: URL

    init() throws {
        let name = "http-\(UUID().uuidString)"
        self.directory = FileManager.default.temporaryDirectory.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: self.directory, withIntermediateDirectories: true)
        let script = self.directory.appendingPathComponent("make.sh")
        try Self.script.write(to: script, atomically: true, encoding: .utf8)
        let status = system("cd '\(self.directory.path)' && sh make.sh >/dev/null 2>&1")
        guard status == 0 else { throw CocoaError(.fileReadUnknown) }
    }

    deinit { try? FileManager.default.removeItem(at: self.directory) }

    func bytes(_ file: String) -> [UInt8] {
        (try? Data(contentsOf: self.directory.appendingPathComponent(file))).map { Array($0) } ?? []
    }

    func credentials(_ name: String, asksClients: Bool = false) -> ServerConfiguration.Credentials {
        .init(
            certificateChainPEM: self.bytes("\(name).crt"),
            privateKeyPEM: self.bytes("\(name).key"),
            clientAuthoritiesPEM: asksClients ? self.bytes("ca.crt") : nil
        )
    }
}

@Suite(.timeLimit(.minutes(2))) struct TLSTests {
    private let certificates: TestCertificates

    init() async throws { self.certificates = try await onThread { try TestCertificates() } }

    private func listener(asksClients: Bool = false) -> ServerConfiguration.Listener {
        let credentials = self.certificates.credentials("first", asksClients: asksClients)
        return .init(.tcp(address: "127.0.0.1", port: 0), credentials: credentials)
    }

    /// Answers with what is known of the client's certificates.
    @Sendable private static func describe(_ request: Request) async -> Response {
        let chain = request.peer.certificateChain
        return Response(
            status: 200,
            fields: ["X-TLS": "\(request.peer.isTLS)", "X-Count": "\(chain.count)"],
            body: .bytes(.init(bytes: chain.first ?? []))
        )
    }

    @Test func requestsAreEncrypted() async throws {
        try await withServer([self.listener()], handler: Self.describe) { server in
            let port = server.port
            let expected = self.certificates.bytes("first.der")
            try await onThread {
                let client = try RawClient(port: port)
                #expect(try client.startTLS() == expected)
                for _ in 0..<3 {
                    let response = try client.get("/")
                    #expect(response["X-TLS"] == "true" && response["X-Count"] == "0")
                }
            }
        }
    }

    @Test(arguments: [true, false])
    func clientCertificateIsPassedOnWhenItWasAskedFor(asks: Bool) async throws {
        try await withServer([self.listener(asksClients: asks)], handler: Self.describe) { server in
            let port = server.port
            let certificates = self.certificates
            try await onThread {
                let client = try RawClient(port: port)
                let (certificate, key) = (certificates.bytes("client.crt"), certificates.bytes("client.key"))
                _ = try client.startTLS(certificate: certificate, key: key)
                #expect(try client.get("/").body == (asks ? certificates.bytes("client.der") : []))
                let other = try RawClient(port: port)
                _ = try other.startTLS()
                #expect(try other.get("/")["X-Count"] == "0")
            }
        }
    }

    @Test(arguments: ["NORMAL:-VERS-ALL:+VERS-TLS1.1", "NORMAL:-VERS-ALL:+VERS-TLS1.0"])
    func oldProtocolsAreRefused(priorities: String) async throws {
        try await withServer([self.listener()]) { server in
            let port = server.port
            await #expect(throws: RawClient.Failure.self) {
                try await onThread { _ = try RawClient(port: port).startTLS(priorities: priorities) }
            }
            try await onThread {
                let client = try RawClient(port: port)
                _ = try client.startTLS(priorities: "NORMAL:-VERS-ALL:+VERS-TLS1.2")
                #expect(try client.get("/").status == 200)
            }
        }
    }

    @Test func plainTextToAnEncryptedPortIsClosed() async throws {
        try await withServer([self.listener()]) { server in
            let port = server.port
            try await onThread {
                let client = try RawClient(port: port)
                client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                #expect(client.isClosedByServer())
            }
        }
    }

    @Test func handshakeThatDoesNotEndIsCut() async throws {
        var limits = ServerLimits()
        limits.headTimeout = .milliseconds(200)
        try await withServer([self.listener()], limits: limits) { server in
            let port = server.port
            let isClosed = try await onThread { try RawClient(port: port).isClosedByServer() }
            #expect(isClosed)
        }
    }

    @Test func newConnectionsSeeTheNewCertificateAndOldOnesGoOn() async throws {
        let (gate, entered) = (Gate(), Event<Void>())
        let source = TestSource()
        try await withServer([self.listener()]) { request in
            switch request.target.rawPath {
            case "/slow":
                entered.tell(())
                await gate.pass()
                return Response(status: 200, text: "slow")
            case "/stream": return source.response
            default: return Response(status: 200, text: "ok")
            }
        } _: { server in
            let port = server.port
            let old = try await onThread {
                try (0..<3).map { _ in
                    let client = SendableClient(try RawClient(port: port))
                    _ = try client.client.startTLS()
                    return client
                }
            }
            old[0].client.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            old[1].client.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
            await entered.wait()
            await source.slept.wait()
            try server.replaceCredentials(self.certificates.credentials("second"), grace: .seconds(600))
            let expected = self.certificates.bytes("second.der")
            try await onThread {
                let new = try RawClient(port: port)
                #expect(try new.startTLS() == expected)
                #expect(try new.get("/").text == "ok")
                // Idle, running and streaming connections of the old daemon.
                #expect(try old[2].client.get("/").text == "ok")
                gate.open()
                #expect(try old[0].client.response().text == "slow")
                #expect(try old[0].client.get("/").text == "ok")
                source.give("x")
                source.end()
                #expect(try old[1].client.response().text == "x")
            }
        }
    }

    @Test func oldConnectionsAreClosedAfterTheGrace() async throws {
        try await withServer([self.listener()]) { server in
            let port = server.port
            let old = try await onThread {
                let client = SendableClient(try RawClient(port: port))
                _ = try client.client.startTLS()
                #expect(try client.client.get("/").status == 200)
                return client
            }
            try server.replaceCredentials(self.certificates.credentials("second"), grace: .milliseconds(50))
            let isClosed = try await onThread { old.client.isClosedByServer() }
            #expect(isClosed)
            let result = try await onThread { try RawClient(port: port).startTLS() }
            #expect(result == self.certificates.bytes("second.der"))
        }
    }

    @Test func credentialsAreReplacedManyTimesUnderLoad() async throws {
        try await withServer([self.listener()]) { server in
            let port = server.port
            async let load: Void = onThread {
                for _ in 0..<60 {
                    let client = try RawClient(port: port)
                    _ = try client.startTLS()
                    #expect(try client.get("/").status == 200)
                }
            }
            for index in 0..<20 {
                let name = index.isMultiple(of: 2) ? "second" : "first"
                try server.replaceCredentials(self.certificates.credentials(name), grace: .seconds(600))
            }
            try await load
        }
    }

    @Test func badCredentialsChangeNothing() async throws {
        try await withServer([self.listener()]) { server in
            var mixed = self.certificates.credentials("second")
            mixed.privateKeyPEM = self.certificates.bytes("first.key")
            var empty = mixed
            empty.certificateChainPEM = []
            var garbage = self.certificates.credentials("second")
            garbage.clientAuthoritiesPEM = Array("garbage".utf8)
            for credentials in [mixed, empty, garbage] {
                let error = #expect(throws: ServerError.self) {
                    try server.replaceCredentials(credentials, grace: .zero)
                }
                guard case .badCredentials? = error else {
                    Issue.record("\(String(describing: error))")
                    continue
                }
            }
            let port = server.port
            let result = try await onThread { try RawClient(port: port).startTLS() }
            #expect(result == self.certificates.bytes("first.der"))
        }
    }
}
