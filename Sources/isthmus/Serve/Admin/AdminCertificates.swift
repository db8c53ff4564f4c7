import AccessControl
import ChangeBus
import Foundation
import MicroHTTP
import PKI
import Synchronization

/// The credentials of the admin listener, and which client certificates are an administrator's.
///
/// Any thread.
final class AdminCertificates: Sendable {
    /// How long a client certificate that was verified is not verified again, in seconds.
    private static let memory: Int64 = 60
    /// The most certificates that are remembered.
    private static let memoryLimit = 256

    private struct State {
        var identity: [Certificate] = []
        var verifier: CertificateVerifier?
        var known: [[UInt8]: (name: String, until: Int64)] = [:]
    }

    private let credentials: Published<MeshCredentials>
    private let clusterName: String
    private let state = Mutex(State())

    init(_ credentials: Published<MeshCredentials>, clusterName: String) {
        self.credentials = credentials
        self.clusterName = clusterName
    }

    /// Loads the credentials; `nil` when they are those that were loaded last.
    func load() throws -> ServerConfiguration.Credentials? {
        let credentials = self.credentials.current
        let server = credentials.server
        let verifier = try CertificateVerifier(roots: credentials.trustRoots)
        let isNew = self.state.withLock { state -> Bool in
            state.verifier = verifier
            state.known = [:]
            let identity = [server.leaf] + server.chain + credentials.trustRoots
            guard state.identity != identity else { return false }
            state.identity = identity
            return true
        }
        guard isNew else { return nil }
        return ServerConfiguration.Credentials(
            certificateChainPEM: server.certificateChainPEM,
            privateKeyPEM: server.keyPEM.copy(),
            clientAuthoritiesPEM: server.trustRootsPEM
        )
    }

    /// The common name of a chain (leaf first, DER) of an administrator; `nil` for any other.
    func administrator(_ chain: [[UInt8]]) -> String? {
        guard let leaf = chain.first else { return nil }
        let now = self.now
        let (known, verifier) = self.state.withLock { ($0.known[leaf], $0.verifier) }
        if let known, known.until > now { return known.name }
        guard let verifier, let name = self.verify(chain, verifier, now) else { return nil }
        self.state.withLock { state in
            if state.known.count >= Self.memoryLimit { state.known = [:] }
            state.known[leaf] = (name, now + Self.memory)
        }
        return name
    }

    private func verify(_ chain: [[UInt8]], _ verifier: CertificateVerifier, _ now: Int64) -> String? {
        // Whatever is wrong with a certificate, it is not an administrator's.
        guard let certificates = try? chain.map({ try Certificate(der: $0) }), let leaf = certificates.first,
            let verdict = try? verifier.verify(
                leaf,
                intermediates: Array(certificates.dropFirst()),
                purpose: .client,
                at: now
            ),
            verdict == .trusted
        else { return nil }
        let identity = Identity(commonName: leaf.commonName, clusterName: self.clusterName)
        return identity.isAdministrator ? leaf.commonName : nil
    }

    private var now: Int64 { Int64(Date().timeIntervalSince1970) }
}
