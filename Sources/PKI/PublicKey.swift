/// A public key as its DER encoding (`SubjectPublicKeyInfo`).
///
/// Two encodings of one key may differ; ask ``PrivateKey/matches(_:)`` whether a certificate belongs to a
/// key.
package struct PublicKey: Hashable, Sendable {
    /// The encoded key.
    package let der: [UInt8]

    /// Creates a key from its encoding, which is looked at when the key is used.
    package init(der: [UInt8]) {
        self.der = der
    }
}
