/// The sixteen ways a gRPC call can fail, and the one way it succeeds, with their numbers on the wire.
///
/// Source: the gRPC status code table.
package enum RPCCode: Int, Sendable, CaseIterable {
    case ok = 0
    case cancelled = 1
    case unknown = 2
    case invalidArgument = 3
    case deadlineExceeded = 4
    case notFound = 5
    case alreadyExists = 6
    case permissionDenied = 7
    case resourceExhausted = 8
    case failedPrecondition = 9
    case aborted = 10
    case outOfRange = 11
    case unimplemented = 12
    case `internal` = 13
    case unavailable = 14
    case dataLoss = 15
    case unauthenticated = 16

    /// The name that metrics and dashboards of gRPC servers use, such as `InvalidArgument`.
    package var name: String {
        switch self {
        case .ok: "OK"
        case .cancelled: "Canceled"
        case .unknown: "Unknown"
        case .invalidArgument: "InvalidArgument"
        case .deadlineExceeded: "DeadlineExceeded"
        case .notFound: "NotFound"
        case .alreadyExists: "AlreadyExists"
        case .permissionDenied: "PermissionDenied"
        case .resourceExhausted: "ResourceExhausted"
        case .failedPrecondition: "FailedPrecondition"
        case .aborted: "Aborted"
        case .outOfRange: "OutOfRange"
        case .unimplemented: "Unimplemented"
        case .internal: "Internal"
        case .unavailable: "Unavailable"
        case .dataLoss: "DataLoss"
        case .unauthenticated: "Unauthenticated"
        }
    }
}

/// The outcome of a call as its trailers carry it.
package struct RPCStatus: Error, Hashable, Sendable {
    /// What kind of outcome it is.
    package var code: RPCCode

    /// The sentence for the peer; percent-encoded only on the wire.
    package var message: String

    /// Creates a status; clients compare `message` byte for byte, so it is sent exactly as given.
    package init(code: RPCCode, message: String) {
        self.code = code
        self.message = message
    }

    /// The outcome of a call that succeeded.
    package static let ok = RPCStatus(code: .ok, message: "")
}

extension RPCStatus {
    /// Returns `message` as a `grpc-message` value: printable ASCII except `%` stays, other bytes become
    /// `%XX`.
    ///
    /// Source: the gRPC over HTTP/2 protocol description, "Status-Message".
    package static func percentEncoded(_ message: String) -> [UInt8] {
        let digits: StaticString = "0123456789ABCDEF"
        var encoded: [UInt8] = []
        encoded.reserveCapacity(message.utf8.count)
        for byte in message.utf8 {
            if byte >= 0x20, byte <= 0x7e, byte != UInt8(ascii: "%") {
                encoded.append(byte)
            } else {
                encoded.append(UInt8(ascii: "%"))
                // Both indices are below sixteen, the length of the table.
                unsafe encoded.append(digits.utf8Start[Int(byte >> 4)])
                unsafe encoded.append(digits.utf8Start[Int(byte & 0xf)])
            }
        }
        return encoded
    }
}
