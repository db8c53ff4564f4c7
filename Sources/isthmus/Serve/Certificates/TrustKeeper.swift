import AdminPlane
import ChangeBus
import DataPlane
import Foundation
import Logging
import PKI
import RPC

/// Holds handshakes and live connections against what is trusted now.
///
/// The order of a change: publish it (handshakes from now on), replace the TLS context (no session from
/// before is resumed), cut who is not accepted any more. So nobody slips in between.
actor TrustKeeper {
    /// Whom the data plane and the admin plane trust; read by each handshake.
    nonisolated let trust: Published<MeshTrust>

    nonisolated let pki: MeshPKI
    private let logger: Logger
    private var contexts: (@Sendable () -> Void)?
    private var dataPlane: DataPlaneServer?
    private var isApplying = false
    private var isAgain = false
    private var problems: [MeshPKI.TrustProblem] = []
    private var seen: Seen?

    /// What a change of trust is noticed by.
    private struct Seen: Equatable {
        let own: [Certificate]
        let peers: [[Certificate]]
        let names: [String]
        let denied: DenyList

        init(_ trust: MeshTrust) {
            self.own = trust.own.roots + trust.own.intermediates
            self.peers = trust.peers.map { $0.roots + $0.intermediates }
            self.names = trust.peers.map(\.cluster)
            self.denied = trust.denied
        }
    }

    init(_ pki: MeshPKI, logger: Logger) throws(PKIError) {
        self.pki = pki
        self.logger = logger
        let first = try pki.trust()
        self.trust = Published(first.trust)
        self.seen = Seen(first.trust)
    }

    /// Sets who builds a new TLS context when trust changes.
    func rebuild(_ contexts: @escaping @Sendable () -> Void) {
        self.contexts = contexts
    }

    /// Sets whose connections are cut.
    func watch(_ dataPlane: DataPlaneServer) {
        self.dataPlane = dataPlane
        self.pki.setHook { hooks in
            hooks.liveCertificates = {
                var leaves: [String: [UInt8]] = [:]
                for client in await dataPlane.clients() {
                    guard let certificate = client.certificate else { continue }
                    leaves[certificate.fingerprint] = certificate.chain.first
                }
                return leaves.sorted { $0.key < $1.key }.map(\.value)
            }
        }
    }

    /// Where it is noted which certificates clients show.
    nonisolated var sightings: ClientSightings { self.pki.sightings }

    /// Applies what the objects say now; returns when nobody who is not trusted any more is connected.
    func apply() async {
        guard !self.isApplying else {
            // Whoever is at it begins again; this call waits for its own change, too.
            self.isAgain = true
            while self.isApplying { await Task.yield() }
            return
        }
        self.isApplying = true
        defer { self.isApplying = false }
        repeat {
            self.isAgain = false
            await self.applyOnce()
        } while self.isAgain
    }

    private func applyOnce() async {
        let found: (trust: MeshTrust, problems: [MeshPKI.TrustProblem])
        do throws(PKIError) {
            found = try self.pki.trust()
        } catch {
            self.logger.error("what is trusted cannot be read", metadata: ["error": "\(error)"])
            return
        }
        if found.problems != self.problems {
            for problem in found.problems {
                self.logger.error(
                    "a peer's certificates cannot be used; they vouch for nobody",
                    metadata: ["peer": "\(problem.peer)", "error": "\(problem.error)"]
                )
            }
            self.problems = found.problems
        }
        let seen = Seen(found.trust)
        guard seen != self.seen else { return }
        self.seen = seen
        self.trust.publish(found.trust)
        self.contexts?()
        await self.cut(found.trust)
    }

    /// Cuts the connections that would not be accepted any more; a certificate whose time is over goes on.
    private func cut(_ trust: MeshTrust) async {
        guard let dataPlane = self.dataPlane else { return }
        var refused: Set<String> = []
        var known: Set<String> = []
        for client in await dataPlane.clients() {
            guard let certificate = client.certificate, !certificate.chain.isEmpty,
                known.insert(certificate.fingerprint).inserted
            else { continue }
            let verdict = ClientTrust.verdict(on: certificate.chain, trust)
            if case .rejected(let rejection) = verdict, !rejection.isAboutTime {
                refused.insert(certificate.fingerprint)
            }
        }
        guard !refused.isEmpty else { return }
        let lost = refused
        let count = await dataPlane.disconnect { lost.contains($0.fingerprint) }
        if count > 0 {
            self.logger.notice(
                "connections whose certificates are not accepted any more were cut",
                metadata: ["count": "\(count)"]
            )
        }
    }
}

extension TrustRejection {
    /// Whether it only says that a certificate's time is over or has not come.
    var isAboutTime: Bool {
        switch self.rejection.reason {
        case .expired, .notYetValid: true
        default: false
        }
    }
}

/// Decides about clients in handshakes.
struct ClientTrust: Sendable {
    let trust: Published<MeshTrust>

    /// What a listener asks.
    var verify: RPCListener.VerifyClient {
        { presented in
            switch Self.verdict(on: presented, self.trust.current) {
            case nil: .refused(.untrustedCertificate, reason: "a certificate cannot be read")
            case .trusted(let party): .trusted(chain: party.chain.map(\.der))
            case .rejected(let rejection): .refused(Self.kind(rejection), reason: "\(rejection)")
            }
        }
    }

    /// Holds a chain (leaf first, DER) against what is trusted; `nil` when it cannot be read.
    static func verdict(on presented: [[UInt8]], _ trust: MeshTrust) -> TrustVerdict? {
        do throws(PKIError) {
            var certificates: [Certificate] = []
            for der in presented.prefix(MeshTrust.longestChain + 1) {
                certificates.append(try Certificate(der: der))
            }
            return try trust.verifyClient(certificates, at: CertificateManager.now)
        } catch {
            return nil
        }
    }

    private static func kind(_ rejection: TrustRejection) -> RPCMetrics.HandshakeFailure {
        switch rejection.rejection.reason {
        case .expired: .expiredCertificate
        case .revoked: .revokedCertificate
        case .noCertificate: .noCertificate
        default: .untrustedCertificate
        }
    }
}
