import ChangeBus
import Foundation
import NIOSSL
import PKI
import RPC

/// The newest TLS context of the data plane.
///
/// Built off the event loops, read by each new connection.
///
/// Replacing it takes effect for the next handshake; connections that are open go on.
final class TLSContexts: Sendable {
    /// Why credentials cannot be used.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let published: Published<NIOSSLContext>

    init(_ first: NIOSSLContext) {
        self.published = Published(first)
    }

    /// The context for the next handshake; any thread.
    var current: NIOSSLContext { self.published.current }

    func replace(_ context: NIOSSLContext) {
        self.published.publish(context)
    }

    /// Builds the context of credentials that our own PKI made.
    ///
    /// - Parameters:
    ///   - credentials: What is presented.
    ///   - roots: What clients are told to be acceptable.
    /// - Returns: The context.
    /// - Throws: What the TLS library says.
    static func makeContext(_ credentials: CredentialBundle, roots: [Certificate]) throws -> NIOSSLContext {
        let chain = try ([credentials.leaf] + credentials.chain).map {
            try NIOSSLCertificate(bytes: $0.der, format: .der)
        }
        let key = try credentials.keyPEM.withBytes { bytes in
            try NIOSSLPrivateKey(bytes: bytes.withUnsafeBytes { [UInt8]($0) }, format: .pem)
        }
        let roots = try roots.map { try NIOSSLCertificate(bytes: $0.der, format: .der) }
        return try self.makeContext(chain: chain, key: key, roots: roots)
    }

    /// Builds the context of PEM files.
    ///
    /// - Throws: ``Failure`` that names the file.
    static func makeContext(_ files: CredentialFiles) throws -> NIOSSLContext {
        func read<T>(_ path: String, _ body: (String) throws -> T) throws -> T {
            do {
                return try body(path)
            } catch {
                throw Failure(description: "\(path) cannot be used: \(error)")
            }
        }
        let chain = try read(files.certificate) { try NIOSSLCertificate.fromPEMFile($0) }
        let privateKey = try read(files.key) { try NIOSSLPrivateKey(file: $0, format: .pem) }
        let roots = try files.authorities.map { path in
            try read(path) { try NIOSSLCertificate.fromPEMFile($0) }
        }
        do {
            return try self.makeContext(chain: chain, key: privateKey, roots: roots, files.demands)
        } catch {
            throw Failure(
                description: "\(files.certificate) and \(files.key) cannot be used together: \(error)"
            )
        }
    }

    /// Every client must present a certificate of one of `roots`, whose names the handshake tells it, if the
    /// demands ask for one; without roots, of one that the system trusts.
    private static func makeContext(
        chain: [NIOSSLCertificate],
        key: NIOSSLPrivateKey,
        roots: [NIOSSLCertificate]?,
        _ demands: TLSDemands = TLSDemands()
    ) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        configuration.minimumTLSVersion = demands.minimumVersion == "TLS1.3" ? .tlsv13 : .tlsv12
        if demands.maximumVersion == "TLS1.2" { configuration.maximumTLSVersion = .tlsv12 }
        if !demands.cipherSuites.isEmpty {
            configuration.cipherSuites = demands.cipherSuites.joined(separator: ":")
        }
        if demands.clientCertificate {
            configuration.trustRoots = roots.map { .certificates($0) } ?? .default
            configuration.certificateVerification = .noHostnameVerification
            configuration.sendCANameList = roots != nil
        }
        configuration.applicationProtocols = RPCListener.applicationProtocols
        return try NIOSSLContext(configuration: configuration)
    }
}
