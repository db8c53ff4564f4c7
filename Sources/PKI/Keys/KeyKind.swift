/// The kinds of private keys that are made here.
package enum KeyKind: Hashable, Sendable {
    /// An elliptic curve key on P-256: small, fast, and known to every client of a mesh.
    case p256
    /// An RSA key of so many bits: ``PrivateKey/rsaBits``, in steps of 256.
    case rsa(bits: Int)
}
