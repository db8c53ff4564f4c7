/// Why a ``CertificateRequest`` is refused, besides a key or a name that no certificate of ours may carry.
package enum RequestProblem: Hashable, Sendable {
    /// Longer than any honest request.
    case tooLarge(limitBytes: Int)
    /// Its signature is not by the key that it names: the sender does not have the key.
    case wrongSignature
    /// Its key is not written in the one usual form, so that the same key could come under several digests.
    case unusualKeyEncoding
    /// Its subject has so many common names; verifiers differ in which one they take.
    case severalCommonNames(Int)
    /// It asks for more alternative names than a certificate may have.
    case tooManyNames(found: Int, limit: Int)
    /// It asks for an alternative name that is neither DNS name, address nor URI.
    case unsupportedName
    /// It asks for a certificate that may sign others.
    case asksForAuthority
    /// Its common name is not the one that its sender may have.
    case wrongCommonName(expected: String, found: String)
    /// Its sender may not have this alternative name.
    case nameNotAllowed(String)
}

extension RequestProblem: CustomStringConvertible {
    /// The reason, for people.
    package var description: String {
        switch self {
        case .tooLarge(let limit): "it is longer than \(limit) bytes"
        case .wrongSignature: "its signature is not by its own key"
        case .unusualKeyEncoding:
            "its key is not in the usual encoding (a named curve, an uncompressed point)"
        case .severalCommonNames(let count): "its subject has \(count) common names"
        case .tooManyNames(let found, let limit):
            "it asks for \(found) alternative names; at most \(limit) are given"
        case .unsupportedName: "an alternative name is neither a DNS name, an address nor a URI"
        case .asksForAuthority: "it asks for an authority's certificate"
        case .wrongCommonName(let expected, let found):
            "its common name is \"\(found)\", not \"\(expected)\""
        case .nameNotAllowed(let name): "the alternative name \"\(name)\" is not allowed"
        }
    }
}
