/// Why a join token, or a message under it, is refused.
package enum JoinProblem: Hashable, Sendable {
    /// The text is not a token: `reason` tells where it stops being one.
    case malformed(reason: String)
    /// The text was cut short or mistyped: its own check does not fit.
    case damaged
    /// The token is of a version that is not known here.
    case unsupportedVersion(String)
    /// The token's time is over (both in seconds since 1970).
    case expired(at: Int64, now: Int64)
    /// The message is under another token.
    case otherToken(expected: String, found: String)
    /// The message was changed on the way, or its sender does not know the token's secret.
    case wrongAuthentication
    /// The message is not what is expected at this point, such as a request that is sent back as an answer.
    case outOfPlace
    /// The sender's clock is so many seconds ahead of ours (behind it, if negative).
    case clockSkew(seconds: Int64, tolerance: Int64)
    /// The token was used at this time, in seconds since 1970.
    case alreadyUsed(at: Int64)
    /// This very message was received before.
    case replayed
    /// The token is for another peer.
    case wrongPeer(expected: String, found: String)
    /// The message is longer than any honest one.
    case tooLarge(limitBytes: Int)
    /// The server presented no certificate that fits the token's pin.
    case pinMismatch
    /// The server's certificate fits the pin by its issuer, and is not acceptable.
    case serverRejected(CertificateRejection)
}

extension JoinProblem: CustomStringConvertible {
    /// The reason, for people.
    package var description: String {
        switch self {
        case .malformed(let reason): "it is not a join token: \(reason)"
        case .damaged: "the token was cut short or mistyped"
        case .unsupportedVersion(let version): "version \(version) of join tokens is not known here"
        case .expired(let end, let now):
            "the token was valid until \(UTCTime.text(end)); it is \(UTCTime.text(now))"
        case .otherToken(let expected, let found): "it is under the token \(found), not \(expected)"
        case .wrongAuthentication: "it was changed, or its sender does not know the token's secret"
        case .outOfPlace: "it is not the message that is expected here"
        case .clockSkew(let seconds, let tolerance):
            "the clocks differ by \(abs(seconds)) s, more than the \(tolerance) s that are tolerated"
        case .alreadyUsed(let time): "the token was used at \(UTCTime.text(time))"
        case .replayed: "the message was received before"
        case .wrongPeer(let expected, let found): "the token is for \(expected), not for \(found)"
        case .tooLarge(let limit): "it is longer than \(limit) bytes"
        case .pinMismatch: "the server's certificate does not fit the token's pin"
        case .serverRejected(let rejection): "the server's certificate is not acceptable: \(rejection)"
        }
    }
}
