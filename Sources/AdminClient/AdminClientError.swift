import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Why there is no answer, or none that helps.
package enum AdminClientError: Error, Sendable {
    /// The text is not an address.
    case invalidAddress(String)
    /// A file of TLS cannot be used.
    case invalidFile(String)
    /// Nothing was sent, because no connection came about.
    case unreachable(String)
    /// Nothing was sent, because the server's certificate is not trusted.
    case untrusted(String)
    /// The connection ended before the answer did: what was asked may have happened or not.
    case brokenOff(String)
    /// The task was cancelled.
    case cancelled
    /// The answer is larger than allowed, in bytes.
    case tooLarge(limit: Int)
    /// The answer is not what the API says.
    case malformed(String)
    /// The server's own answer.
    case problem(Problem)

    /// Whether the server cannot have seen the call, so that it may be made again.
    package var isBeforeSending: Bool {
        if case .unreachable = self { true } else { false }
    }
}

extension AdminClientError {
    init(_ error: any Error, address: AdminAddress) {
        switch error {
        case let error as AdminClientError: self = error
        case is CancellationError: self = .cancelled
        case let error as HTTPClientError: self = Self.client(error, address)
        case HTTPParserError.invalidEOFState: self = Self.client(.remoteConnectionClosed, address)
        case is HTTPParserError: self = .brokenOff("\(address) does not speak HTTP")
        case let error as NIOConnectionError:
            let reason = error.connectionErrors.first.map { Self.reason($0.error) } ?? "the name is not known"
            self = .unreachable("cannot connect to \(address): \(reason)")
        case let error as IOError where [ECONNRESET, EPIPE].contains(error.errnoCode):
            self = .brokenOff("\(address) broke the connection off: \(Self.reason(error))")
        case let error as IOError:
            self = .unreachable("cannot connect to \(address): \(Self.reason(error))")
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            self = .untrusted("\(address) shows a certificate for another name")
        case let error as NIOSSLError: self = Self.handshake("\(error)", address)
        case let error as BoringSSLError: self = Self.handshake("\(error)", address)
        case is ChannelError:
            self = .unreachable("cannot connect to \(address): \(error)")
        default: self = .brokenOff("\(address) broke the connection off: \(error)")
        }
    }

    private static func client(_ error: HTTPClientError, _ address: AdminAddress) -> AdminClientError {
        switch error {
        case .cancelled: .cancelled
        case .connectTimeout, .tlsHandshakeTimeout:
            .unreachable("cannot connect to \(address): no answer within 10 s")
        case .remoteConnectionClosed:
            .brokenOff("\(address) closed the connection before its answer was complete")
        default: .brokenOff("\(address) broke the connection off: \(error)")
        }
    }

    /// The library says why a handshake failed only in the text of its errors.
    private static func handshake(_ text: String, _ address: AdminAddress) -> AdminClientError {
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            return .untrusted("\(address) shows a certificate that no trusted authority has signed")
        }
        if text.contains("ALERT") {
            return .untrusted("\(address) refused the TLS handshake: it may want another client certificate")
        }
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
            return .untrusted("\(address) does not speak TLS: is the address meant to begin with http://?")
        }
        return .brokenOff("the TLS connection to \(address) failed: \(text)")
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = error as? IOError else { return "\(error)" }
        return switch error.errnoCode {
        case ECONNREFUSED: "connection refused"
        case ENOENT: "there is no such socket"
        case EACCES: "permission denied"
        case ECONNRESET: "reset by the server"
        case ETIMEDOUT: "no answer"
        case EHOSTUNREACH, ENETUNREACH: "no route to it"
        default: "error \(error.errnoCode)"
        }
    }
}
