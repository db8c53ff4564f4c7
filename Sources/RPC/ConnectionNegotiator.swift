import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import NIOTLS

/// Waits for TLS and for the first bytes of a connection, makes its session and puts the right handler in
/// place of itself.
///
/// Loop-bound.
///
/// ```
/// waitingForTLS ──ALPN h2────────► RPCConnection
///      │  └───────ALPN http/1.1──► HTTP1Handler
///      └─no ALPN──► sniffing ──preface──► RPCConnection
///                      └────anything else──► HTTP1Handler
/// ```
/// A cleartext connection starts at *sniffing*. A connection that says nothing costs this object and its
/// timer until the handshake's time is over.
final class ConnectionNegotiator: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private enum State {
        case waitingForTLS
        case sniffing
        case done
    }

    private let environment: RPCEnvironment
    private let registration: ConnectionRegistry.Registration
    private let makeSession: RPCListener.SessionMaker
    private let isTLS: Bool
    private let verification: ClientVerification?
    private var state: State
    private var received = ByteBuffer()
    private var isTimedOut = false
    private var hasFailed = false

    init(
        environment: RPCEnvironment,
        registration: ConnectionRegistry.Registration,
        isTLS: Bool,
        verification: ClientVerification? = nil,
        makeSession: @escaping RPCListener.SessionMaker
    ) {
        self.environment = environment
        self.registration = registration
        self.isTLS = isTLS
        self.verification = verification
        self.makeSession = makeSession
        self.state = isTLS ? .waitingForTLS : .sniffing
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let delay = TimeAmount.nanoseconds(self.environment.limits.handshakeTimeout.nanoseconds)
        let channel = context.channel
        context.eventLoop.assumeIsolated().scheduleTask(in: delay) { [weak self] in
            self?.expire(channel)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.state = .done }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.state {
        case .done:
            context.fireChannelRead(data)
        case .waitingForTLS:
            // TLS delivers nothing before it says that the handshake is done.
            context.close(promise: nil)
        case .sniffing:
            var buffer = self.unwrapInboundIn(data)
            self.received.writeBuffer(&buffer)
            switch ProtocolSniffer.verdict(self.received.readableBytesView) {
            case .http2: self.serve(context, isHTTP2: true)
            case .http1: self.serve(context, isHTTP2: false)
            case .undecided: break
            }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted(let negotiated):
            guard case .waitingForTLS = self.state else { return }
            switch negotiated {
            case "h2": self.serve(context, isHTTP2: true)
            case "http/1.1": self.serve(context, isHTTP2: false)
            default: self.state = .sniffing
            }
        case is ConnectionCommand:
            self.state = .done
            context.close(promise: nil)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .waitingForTLS = self.state, !self.hasFailed {
            self.hasFailed = true
            let refusal = self.verification?.refusal
            self.count(refusal?.failure ?? HandshakeDiagnosis.failure(of: error), refusal?.reason)
        }
        context.close(promise: nil)
    }

    private func expire(_ channel: any Channel) {
        switch self.state {
        case .done:
            return
        case .waitingForTLS:
            guard !self.hasFailed else { return }
            self.hasFailed = true
            self.count(.timeout)
        case .sniffing:
            self.environment.metrics.count(RPCMetrics.Closure.prefaceTimeout)
        }
        self.state = .done
        channel.close(promise: nil)
    }

    private func count(_ failure: RPCMetrics.HandshakeFailure, _ detail: String? = nil) {
        self.environment.metrics.count(failure)
        self.environment.logger.debug(
            "handshake failed",
            metadata: [
                "connection.id": "\(self.registration.id)", "reason": "\(failure.rawValue)",
                "detail": "\(detail ?? "")",
                "peer.address": "\(self.registration.remoteAddress.map { "\($0)" } ?? "unknown")",
            ]
        )
    }

    private func serve(_ context: ChannelHandlerContext, isHTTP2: Bool) {
        self.state = .done
        let peer = RPCPeer(
            remoteAddress: self.registration.remoteAddress,
            certificateChain: self.isTLS ? Self.certificateChain(context) : [],
            isTLS: self.isTLS,
            connectionID: self.registration.id
        )
        do throws(RPCRefusal) {
            let session = try self.makeSession(peer, context.eventLoop)
            self.install(context, session, peer, isHTTP2: isHTTP2)
        } catch {
            self.environment.metrics.count(error)
            self.environment.logger.debug(
                "connection refused",
                metadata: ["connection.id": "\(peer.connectionID)", "reason": "\(error.rawValue)"]
            )
            context.close(promise: nil)
        }
    }

    private func install(
        _ context: ChannelHandlerContext,
        _ session: any RPCSession,
        _ peer: RPCPeer,
        isHTTP2: Bool
    ) {
        let pipeline = context.pipeline.syncOperations
        do {
            let connection = RPCConnection(
                environment: self.environment,
                peer: peer,
                session: session,
                eventLoop: context.eventLoop
            )
            if isHTTP2 {
                try pipeline.addHandler(connection)
            } else {
                try HTTP1Handler.install(in: pipeline, HTTP1Handler(calls: connection))
            }
        } catch {
            // The channel is already gone.
            session.connectionClosed()
            context.close(promise: nil)
            return
        }
        if self.received.readableBytes > 0 {
            context.fireChannelRead(self.wrapInboundOut(self.received))
            context.fireChannelReadComplete()
            self.received = ByteBuffer()
        }
        pipeline.removeHandler(context: context, promise: nil)
    }

    private static func certificateChain(_ context: ChannelHandlerContext) -> [[UInt8]] {
        // Fails only when there is no certificate or no TLS handler, and then there is nothing to report.
        let pipeline = context.pipeline.syncOperations
        let handler = try? pipeline.handler(type: NIOSSLServerHandler.self)
        if let chain = handler?.peerValidatedCertificateChain, !chain.isEmpty {
            return chain.compactMap { try? $0.toDERBytes() }
        }
        guard let certificate = try? pipeline.nioSSL_peerCertificate() else { return [] }
        guard let bytes = try? certificate.toDERBytes() else { return [] }
        return [bytes]
    }
}

/// Sorts the errors of failed TLS handshakes into the few kinds that we count.
enum HandshakeDiagnosis {
    /// What the library's error texts contain, in the order in which they decide.
    private static let marks: [(text: String, failure: RPCMetrics.HandshakeFailure)] = [
        ("HTTP_REQUEST", .plaintext),
        ("HTTPS_PROXY_REQUEST", .plaintext),
        ("PEER_DID_NOT_RETURN_A_CERTIFICATE", .noCertificate),
        ("CERTIFICATE_EXPIRED", .expiredCertificate),
        ("CERTIFICATE_VERIFY_FAILED", .untrustedCertificate),
        ("ALERT", .alertFromPeer),
        ("NO_SHARED_CIPHER", .noSharedCipher),
        ("UNSUPPORTED_PROTOCOL", .protocolVersion),
        ("NO_SUPPORTED_VERSIONS_ENABLED", .protocolVersion),
        ("WRONG_VERSION_NUMBER", .protocolVersion),
        ("EOF during handshake", .closedByPeer),
    ]

    /// Returns the kind of a handshake's error.
    static func failure(of error: any Error) -> RPCMetrics.HandshakeFailure {
        switch error {
        case NIOSSLError.handshakeFailed(.sslError(let stack)):
            let text = stack.map(\.description).joined(separator: "\n")
            return Self.marks.first { text.contains($0.text) }?.failure ?? .other
        case NIOSSLError.uncleanShutdown, is IOError, ChannelError.inputClosed:
            return .closedByPeer
        default:
            return .other
        }
    }
}
