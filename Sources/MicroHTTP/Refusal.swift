/// Why this module answers a request itself.
///
/// The answer is the caller's: ``Server`` is given a function that makes it. A client that is too slow gets
/// no answer but a closed connection: libmicrohttpd has no way to answer before a request is complete.
package enum Refusal: String, Error, Hashable, Sendable, CaseIterable {
    /// The target is not a path with a query, or has a bad escape, a NUL, or a dot segment.
    case malformedTarget
    /// The fields contradict the protocol: no or two hosts, two lengths, an unknown transfer encoding.
    case malformedHead
    /// The body is longer than ``ServerLimits/bodyBytes``.
    case bodyTooLarge
    /// The target is longer than ``ServerLimits/targetBytes``.
    case targetTooLong
    /// The head is longer than ``ServerLimits/headBytes``.
    case headTooLarge
    /// There are more fields or query pairs than ``ServerLimits/fields``.
    case tooManyFields
    /// ``ServerLimits/requestsInFlight`` requests are being answered. `Retry-After` is added to the answer.
    case overloaded
    /// The server is being stopped. `Retry-After` is added to the answer.
    case stopping
    /// The handler's answer has an impossible status, or a field that HTTP cannot carry.
    case badResponse

    /// The status of the answer.
    package var status: Int {
        switch self {
        case .malformedTarget, .malformedHead: 400
        case .bodyTooLarge: 413
        case .targetTooLong: 414
        case .headTooLarge, .tooManyFields: 431
        case .badResponse: 500
        case .overloaded, .stopping: 503
        }
    }
}
