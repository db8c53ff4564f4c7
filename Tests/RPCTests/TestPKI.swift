import Foundation
import NIOSSL

/// Certificates made by the `openssl` command in a temporary directory.
final class TestPKI: Sendable {
    static let isAvailable = FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")

    private let directory: URL

    init() throws {
        self.directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "rpc-\(UUID().uuidString)"
        )
        try FileManager.default.createDirectory(at: self.directory, withIntermediateDirectories: true)
        for authority in ["ca", "other"] {
            try self.run(
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "2",
                ]
                    + [
                        "-keyout", "\(authority).key", "-out", "\(authority).crt", "-subj",
                        "/CN=\(authority)",
                    ]
            )
        }
        try self.issue("server", by: "ca")
        try self.issue("client", by: "ca")
        try self.issue("stranger", by: "other")
    }

    deinit { try? FileManager.default.removeItem(at: self.directory) }

    private func issue(_ name: String, by authority: String) throws {
        try self.run(
            ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
                + ["-keyout", "\(name).key", "-out", "\(name).csr", "-subj", "/CN=\(name)"]
        )
        try self.run(
            ["x509", "-req", "-in", "\(name).csr", "-CA", "\(authority).crt", "-CAkey", "\(authority).key"]
                + ["-CAcreateserial", "-days", "1", "-out", "\(name).crt"]
        )
    }

    private struct CommandFailed: Error {
        let arguments: [String]
        let status: Int32
    }

    private func run(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.currentDirectoryURL = self.directory
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw CommandFailed(arguments: arguments, status: process.terminationStatus)
        }
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
