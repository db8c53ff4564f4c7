/// One entry of a ``RevocationList`` that is made here.
package struct Revocation: Hashable, Sendable {
    /// Why a certificate was revoked (RFC 5280 §5.3.1); the raw value is the one on the wire.
    package enum Reason: Int, Hashable, Sendable, CaseIterable {
        /// No reason is told.
        case unspecified = 0
        /// Somebody else may have the key.
        case keyCompromise = 1
        /// Somebody else may have the authority's key.
        case authorityCompromise = 2
        /// The holder has other names or duties now.
        case affiliationChanged = 3
        /// Another certificate has taken its place.
        case superseded = 4
        /// It is not needed any more.
        case cessationOfOperation = 5
        /// The holder may no longer do what it was meant for.
        case privilegeWithdrawn = 9
    }

    /// The certificate's number.
    package let serialNumber: SerialNumber
    /// When it was revoked, in seconds since 1970.
    package let time: Int64
    /// Why.
    package let reason: Reason

    /// Creates an entry.
    package init(serialNumber: SerialNumber, time: Int64, reason: Reason = .unspecified) {
        self.serialNumber = serialNumber
        self.time = time
        self.reason = reason
    }
}
