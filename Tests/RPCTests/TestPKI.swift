import Foundation
import NIOPosix
import NIOSSL

/// Certificates made by the `openssl` command in a temporary directory.
final class TestPKI: Sendable {
    static let isAvailable = FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")

    /// Two authorities; a server and a client of the first, a stranger of the second.
    private static let script = """
        set -e
        curve="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        for ca in ca other; do
            openssl req -x509 $curve -days 2 -keyout $ca.key -out $ca.crt -subj /CN=$ca
        done
        issue() {
            openssl req $curve -keyout $1.key -out $1.csr -subj /CN=$1
            openssl x509 -req -in $1.csr -CA $2.crt -CAkey $2.key -CAcreateserial -days 1 -out $1.crt
        }
        issue server ca
        issue client ca
        issue stranger other
        """

    private struct ScriptFailed: Error {
        let status: Int32
    }

    private let directory: URL

    private init(_ directory: URL) { self.directory = directory }

    deinit { try? FileManager.default.removeItem(at: self.directory) }

    /// Makes the certificates.
    static func make() async throws -> TestPKI {
        let name = "rpc-\(UUID().uuidString)"
        let pki = TestPKI(FileManager.default.temporaryDirectory.appendingPathComponent(name))
        try FileManager.default.createDirectory(at: pki.directory, withIntermediateDirectories: true)
        let script = pki.directory.appendingPathComponent("make.sh")
        try Self.script.write(to: script, atomically: true, encoding: .utf8)
        let command = "cd '\(pki.directory.path)' && sh make.sh >/dev/null 2>&1"
        // On a thread of its own: there are no more threads for tests than cores.
        let status = try await NIOThreadPool.singleton.runIfActive { system(command) }
        guard status == 0 else { throw ScriptFailed(status: status) }
        return pki
    }

    private func path(_ name: String) -> String { self.directory.appendingPathComponent(name).path }

    /// Returns the certificate of `name` in DER.
    func certificate(_ name: String) throws -> [UInt8]? {
        try NIOSSLCertificate.fromPEMFile(self.path("\(name).crt")).first?.toDERBytes()
    }

    /// Returns a server's context that requires client certificates of the CA.
    func server(_ name: String = "server", protocols: [String]) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(self.path("\(name).crt")).map {
                .certificate($0)
            },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: self.path("\(name).key"), format: .pem))
        )
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(self.path("ca.crt")))
        configuration.certificateVerification = .noHostnameVerification
        configuration.applicationProtocols = protocols
        return try NIOSSLContext(configuration: configuration)
    }

    /// Returns a client's context, with the certificate of `name` or none.
    func client(_ name: String?, protocols: [String] = ["h2"]) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(
            try ["ca", "other"].flatMap { try NIOSSLCertificate.fromPEMFile(self.path("\($0).crt")) }
        )
        configuration.certificateVerification = .noHostnameVerification
        configuration.applicationProtocols = protocols
        if let name {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(self.path("\(name).crt"))
                .map { .certificate($0) }
            configuration.privateKey = .privateKey(
                try NIOSSLPrivateKey(file: self.path("\(name).key"), format: .pem)
            )
        }
        return try NIOSSLContext(configuration: configuration)
    }
}
