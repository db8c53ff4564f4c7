/// How a JSON Web Token is signed (RFC 7518 §3.1, RFC 8037 §3.1); the raw value is the name on the wire.
package enum TokenAlgorithm: String, Hashable, Sendable, CaseIterable {
    case hs256 = "HS256"
    case hs384 = "HS384"
    case hs512 = "HS512"
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"
    case edDSA = "EdDSA"

    /// What kind of key it needs.
    enum Family {
        /// A secret that both sides know.
        case secret
        /// RSA with the padding of PKCS#1 version 1.5.
        case rsa
        /// RSA with probabilistic padding.
        case rsaPSS
        /// An elliptic curve; the two numbers of a signature have this many bytes each.
        case ellipticCurve(numberBytes: Int)
        /// Ed25519.
        case edwards
    }

    var family: Family {
        switch self {
        case .hs256, .hs384, .hs512: .secret
        case .rs256, .rs384, .rs512: .rsa
        case .ps256, .ps384, .ps512: .rsaPSS
        case .es256: .ellipticCurve(numberBytes: 32)
        case .es384: .ellipticCurve(numberBytes: 48)
        case .es512: .ellipticCurve(numberBytes: 66)
        case .edDSA: .edwards
        }
    }

    /// The bits of the digest that is signed; zero when the message itself is.
    var digestBits: Int {
        switch self {
        case .hs256, .rs256, .ps256, .es256: 256
        case .hs384, .rs384, .ps384, .es384: 384
        case .hs512, .rs512, .ps512, .es512: 512
        case .edDSA: 0
        }
    }
}
