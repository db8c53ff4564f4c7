import NIOCore
import NIOSSL

/// What was decided about the certificates that a client presents.
package enum ClientVerdict: Sendable {
    /// They are trusted: the chain that was found, leaf first, root last, in DER.
    case trusted(chain: [[UInt8]])
    /// They are not: what it is counted under, and why, for people.
    case refused(RPCMetrics.HandshakeFailure, reason: String)
}

/// Lets somebody else than the TLS library decide about a client's certificates.
///
/// Loop-bound; one for each connection. Remembers why a handshake was refused: the library tells the client
/// only that it was.
final class ClientVerification {
    private let verify: RPCListener.VerifyClient
    private(set) var refusal: (failure: RPCMetrics.HandshakeFailure, reason: String)?

    init(_ verify: @escaping RPCListener.VerifyClient) {
        self.verify = verify
    }

    /// Makes the TLS handler of a connection that asks this object.
    func makeHandler(
        _ context: NIOSSLContext,
        _ configuration: NIOSSLHandler.Configuration
    ) -> NIOSSLServerHandler {
        NIOSSLServerHandler(context: context, configuration: configuration) { certificates, promise in
            self.decide(certificates, promise)
        }
    }

    private func decide(
        _ certificates: [NIOSSLCertificate],
        _ promise: EventLoopPromise<NIOSSLVerificationResultWithMetadata>
    ) {
        do {
            switch self.verify(try certificates.map { try $0.toDERBytes() }) {
            case .trusted(let chain):
                let chain = try chain.map { try NIOSSLCertificate(bytes: $0, format: .der) }
                promise.succeed(.certificateVerified(VerificationMetadata(ValidatedCertificateChain(chain))))
            case .refused(let failure, let reason):
                self.refusal = (failure, reason)
                promise.succeed(.failed)
            }
        } catch {
            self.refusal = (.other, "a certificate cannot be read: \(error)")
            promise.succeed(.failed)
        }
    }
}
