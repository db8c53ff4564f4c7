package import MeshSchema

/// Why a name or a text is not what it must be.
///
/// The description is a sentence for the person who wrote it: what is wrong, and what would be right.
package enum ResourceError: Error, Hashable, Sendable {
    /// Nothing where something must be.
    case empty
    /// More bytes than allowed.
    case tooLong(limit: Int)
    /// Not a label of DNS as Kubernetes wants it (RFC 1123).
    case notDNSLabel(String)
    /// Not labels of DNS with dots between them (RFC 1123).
    case notDNSName(String)
    /// Not the name of a cluster.
    case notClusterName(MeshSchemaError)
    /// The own cluster where another one belongs.
    case ownCluster(String)
    /// Not `namespace/name`.
    case notNamespacedName(String)
    /// Not a number of the cluster's range.
    case identityOutOfRange(String, first: UInt32, last: UInt32)
    /// Not an address.
    case notAddress(String)
    /// An address in another notation than the canonical one.
    case notCanonicalAddress(String, canonical: String)
    /// Not the only name that there is.
    case notTheOnlyName(String, only: String)
    /// Not a block of addresses.
    case notBlock(String)
    /// A block in another notation than the canonical one.
    case notCanonicalBlock(String, canonical: String)
    /// Not the key of a Kubernetes label.
    case notLabelKey(String)
    /// Not the value of a Kubernetes label.
    case notLabelValue(String)
    /// Not a label selector.
    case notSelector(reason: String)
    /// Not a duration.
    case notDuration(String)
    /// Not a number of bytes.
    case notByteCount(String)
    /// Not a moment as RFC 3339 writes it.
    case notTimestamp(String)
    /// Not the URL of a store.
    case notEndpointURL(reason: String)
    /// Not certificates in PEM.
    case notCertificates(reason: String)
    /// Not a pattern for names.
    case notPattern(String)
}

extension ResourceError: CustomStringConvertible {
    /// The sentence.
    package var description: String {
        switch self {
        case .empty: "must not be empty"
        case .tooLong(let limit): "longer than \(limit) bytes"
        case .notDNSLabel(let text):
            """
            "\(text)" must be 1 to 63 lower-case letters, digits and "-", and begin and end with a letter or \
            digit
            """
        case .notDNSName(let text):
            """
            "\(text)" must be lower-case letters, digits, "-" and ".", at most 253 in all; each part between \
            dots begins and ends with a letter or digit
            """
        case .notClusterName(let error): "\(error)"
        case .ownCluster(let name): "\"\(name)\" is this cluster itself"
        case .notNamespacedName(let text): "\"\(text)\" must be of the form namespace/name"
        case .identityOutOfRange(let text, let first, let last):
            "\"\(text)\" must be a number from \(first) to \(last), the identities of this cluster"
        case .notAddress(let text): "\"\(text)\" is not an IPv4 or IPv6 address"
        case .notCanonicalAddress(_, let canonical), .notCanonicalBlock(_, let canonical):
            "must be written as \(canonical)"
        case .notTheOnlyName(_, let only): "must be \"\(only)\""
        case .notBlock(let text): "\"\(text)\" is not a block of addresses such as 10.1.0.0/24"
        case .notLabelKey(let text):
            """
            "\(text)" is not a label key: up to 63 letters, digits, "-", "_" and ".", which begin and end \
            with a letter or digit, after an optional DNS name and "/"
            """
        case .notLabelValue(let text):
            """
            "\(text)" is not a label value: up to 63 letters, digits, "-", "_" and ".", which begin and end \
            with a letter or digit, or nothing
            """
        case .notSelector(let reason), .notEndpointURL(let reason), .notCertificates(let reason): reason
        case .notDuration(let text):
            "\"\(text)\" is not a duration: write whole numbers with h, m, s or ms, for example 30s or 1h30m"
        case .notByteCount(let text):
            """
            "\(text)" is not a number of bytes: write a whole number, followed by Ki, Mi, Gi, Ti, k, M, G, T \
            or nothing
            """
        case .notTimestamp(let text):
            "\"\(text)\" is not a time as RFC 3339 writes it, for example 2030-01-31T12:00:00Z"
        case .notPattern(let text):
            """
            "\(text)" is not a pattern for names: lower-case letters, digits, ".", "-", ":" and "*", which \
            stands for any text
            """
        }
    }
}
