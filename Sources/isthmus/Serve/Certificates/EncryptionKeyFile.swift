import AdminPlane
import Foundation
import PKI

/// The file of the key that private keys are sealed under.
///
/// One key a line: the first is the current one, others are former ones that something may still be sealed
/// under. Read at the start and when the key is rotated.
struct EncryptionKeyFile {
    /// The environment variable that has the key itself, in place of a file.
    static let variable = "ISTHMUS_PKI_KEY"

    let path: String

    /// Returns the keyring of the environment's key, of a file, or of the file that a first start makes.
    ///
    /// - Parameters:
    ///   - text: The value of ``variable``; keys are separated by white space.
    ///   - path: The file that the configuration names, or the default one in the PKI directory.
    /// - Returns: The keyring.
    /// - Throws: ``PKIError`` that names the file or the variable.
    static func keyring(text: String?, path: String) throws(PKIError) -> EncryptionKeyring {
        if let text, !text.isEmpty {
            let vault = try Self.vault(text, from: Self.variable)
            return EncryptionKeyring(
                vault: vault,
                begin: { _ throws(PKIError) in
                    throw .invalidEncryptionKey(
                        reason: "it comes from \(Self.variable): put a new key before the present one there, "
                            + "with a space between, and restart"
                    )
                },
                finish: { _ throws(PKIError) in }
            )
        }
        let file = EncryptionKeyFile(path: path)
        return EncryptionKeyring(
            vault: try file.load(),
            begin: { present throws(PKIError) in try file.begin(present) },
            finish: { next throws(PKIError) in try file.write([next.current]) }
        )
    }

    /// Reads the keys, after making one when there is no file.
    private func load() throws(PKIError) -> KeyVault {
        guard FileManager.default.fileExists(atPath: self.path) else {
            let key = try EncryptionKey.generate()
            try self.write([key])
            return KeyVault(current: key)
        }
        return try self.read()
    }

    private func read() throws(PKIError) -> KeyVault {
        guard let data = FileManager.default.contents(atPath: self.path) else {
            throw .file(path: self.path, .inaccessible(attempted: "read", code: errno))
        }
        return try Self.vault(String(decoding: data, as: UTF8.self), from: self.path)
    }

    /// Puts the next key before the present ones: one that is there already, or a new one.
    private func begin(_ present: KeyVault) throws(PKIError) -> KeyVault {
        let written = try self.read()
        let known = [present.current] + present.former
        // Somebody has put a new key on the first line, in a file that we may not be able to write.
        let next =
            written.current.id == present.current.id ? try EncryptionKey.generate() : written.current
        let vault = KeyVault(current: next, former: known.filter { $0.id != next.id })
        if next.id != written.current.id { try self.write([vault.current] + vault.former) }
        return vault
    }

    /// Writes the keys under another name, syncs them and gives the file its name.
    private func write(_ keys: [EncryptionKey]) throws(PKIError) {
        let present = try? self.read()
        // Nothing to do, which matters where the file cannot be written.
        if let present, ([present.current] + present.former).map(\.id) == keys.map(\.id) { return }
        do {
            let file = try PrivateFile(path: self.path)
            for key in keys { try file.write(key.text().copy() + [UInt8(ascii: "\n")]) }
            try file.finish(replacing: true)
        } catch {
            throw .file(path: self.path, .damaged(reason: "\(error)"))
        }
    }

    private static func vault(_ text: String, from place: String) throws(PKIError) -> KeyVault {
        var keys: [EncryptionKey] = []
        for line in text.split(whereSeparator: \.isWhitespace) {
            do throws(PKIError) {
                keys.append(try EncryptionKey(text: SecretBytes(Array(line.utf8))))
            } catch {
                throw .file(path: place, .damaged(reason: error.description))
            }
        }
        guard let first = keys.first else {
            throw .file(path: place, .damaged(reason: "there is no key in it"))
        }
        return KeyVault(current: first, former: Array(keys.dropFirst()))
    }
}
