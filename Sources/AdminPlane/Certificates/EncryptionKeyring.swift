package import PKI

/// Where the key-encryption key comes from, and how it is replaced.
///
/// The closures may block; they are called one at a time.
package struct EncryptionKeyring: Sendable {
    /// The keys at the start: the current one, and older ones under which something may still be sealed.
    package var vault: KeyVault
    /// Whether a start is to seal everything under the current key and forget the others.
    package var hasFormerKeys: Bool { !self.vault.former.isEmpty }
    /// Makes or reads the next key and keeps it beside the present one, so that a crash loses neither.
    package var begin: @Sendable (_ present: KeyVault) throws(PKIError) -> KeyVault
    /// Forgets all keys but the current one of this vault, once nothing is sealed under another.
    package var finish: @Sendable (_ next: KeyVault) throws(PKIError) -> Void

    /// Creates a keyring.
    package init(
        vault: KeyVault,
        begin: @escaping @Sendable (_ present: KeyVault) throws(PKIError) -> KeyVault,
        finish: @escaping @Sendable (_ next: KeyVault) throws(PKIError) -> Void
    ) {
        self.vault = vault
        self.begin = begin
        self.finish = finish
    }
}
