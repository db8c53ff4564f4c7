/// Why a ``RevocationList`` from elsewhere is not taken over.
package enum RevocationListProblem: Hashable, Sendable {
    /// It was made by another authority.
    case foreign(expected: DistinguishedName, found: DistinguishedName)
    /// Its signature is not that of its issuer.
    case wrongSignature
    /// Its issuer's key usage does not allow it to sign such lists.
    case issuerMayNotSign
    /// It is older than the list that is there, or another one of the same age.
    case older
    /// It claims to have been made after now (both in seconds since 1970).
    case notYetValid(thisUpdate: Int64, now: Int64)
    /// It is a part of a list, or says something that has to be understood and is not.
    case unsupported(reason: String)
}

extension RevocationListProblem: CustomStringConvertible {
    /// The reason, for people.
    package var description: String {
        switch self {
        case .foreign(let expected, let found): "it is by \"\(found)\", not by \"\(expected)\""
        case .wrongSignature: "its signature is not that of its issuer"
        case .issuerMayNotSign: "its issuer's certificate does not allow signing such lists"
        case .older: "it is older than the list that is there"
        case .notYetValid(let thisUpdate, let now):
            "it is of \(UTCTime.text(thisUpdate)), after now (\(UTCTime.text(now)))"
        case .unsupported(let reason): reason
        }
    }
}
