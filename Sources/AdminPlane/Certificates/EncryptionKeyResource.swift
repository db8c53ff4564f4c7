import ChangeBus
import Documents
import MeshResources
import MicroHTTP
package import PKI
package import Persistence

/// Replaces the key that private keys are sealed under.
struct EncryptionKeyResource: Sendable {
    let pki: MeshPKI

    var operations: [Operation] {
        [
            Operation(
                "rotateEncryptionKey",
                "POST",
                "/api/v1/system/rotate-encryption-key",
                .scope(.admin)
            ) { (call) throws(Problem) in try await self.rotate(call) }
        ]
    }

    private func rotate(_ call: Call) async throws(Problem) -> Reply {
        let old = self.pki.vault.current.current.id
        let line = AuditLine.draft(call, verb: "rotate", kind: "encryption-key", name: "", status: 200)
        let count: Int
        do throws(EncryptionKeyError) {
            count = try await self.pki.rotateEncryptionKey(audit: line)
        } catch {
            switch error {
            case .keys(let error): throw Problem(.conflict, "\(error)")
            case .store(let error): throw Problem(error)
            }
        }
        return Reply(
            document: [
                "kind": "EncryptionKeyRotation",
                "former": .string(old.description),
                "current": .string(self.pki.vault.current.current.id.description),
                "secrets": .integer(Int64(count)),
            ]
        )
    }
}

/// Why the key-encryption key was not replaced; everything is as it was.
package enum EncryptionKeyError: Error, Hashable, Sendable {
    /// The next key cannot be had, or something cannot be opened with the present one.
    case keys(PKIError)
    /// The secrets could not be written.
    case store(AdminStoreError)
}

extension MeshPKI {
    /// Seals everything under the next key and forgets the present one.
    ///
    /// The next key is on the disk beside the present one before anything is sealed under it, and the
    /// present one goes only when nothing is, so that a crash at any moment loses no secret. All secrets
    /// are written in one transaction.
    ///
    /// - Parameter line: What the audit says of it, if somebody asked for it.
    /// - Returns: How many secrets were sealed anew.
    /// - Throws: ``EncryptionKeyError``.
    package func rotateEncryptionKey(
        audit line: AuditRecord.Draft? = nil
    ) async throws(EncryptionKeyError) -> Int {
        let next: KeyVault
        do throws(PKIError) {
            next = try self.keyring.begin(self.vault.current)
        } catch {
            throw .keys(error)
        }
        // From here on everything new is sealed under the next key, and both open.
        self.vault.publish(next)
        return try await self.reseal(next, audit: line)
    }

    /// Seals everything under the vault's current key, and forgets the others.
    package func reseal(
        _ vault: KeyVault,
        audit line: AuditRecord.Draft? = nil
    ) async throws(EncryptionKeyError) -> Int {
        let result: Result<Int, PKIError>
        do throws(AdminStoreError) {
            result = try await self.store.write { (transaction) throws(PersistenceError) in
                let drafts: [AdminObjectDraft]
                do throws(PKIError) {
                    drafts = try self.resealed(transaction.tables, vault)
                } catch {
                    return .rollBack(.failure(error))
                }
                // A leading dot: nothing that those who follow the events can see has changed.
                for draft in drafts { _ = try transaction.put(draft, event: ".sealed") }
                if let line { try transaction.audit(line) }
                return .commit(.success(drafts.count))
            }
        } catch {
            throw .store(error)
        }
        do throws(PKIError) {
            let count = try result.get()
            try self.keyring.finish(vault)
            self.vault.publish(KeyVault(current: vault.current))
            return count
        } catch {
            throw .keys(error)
        }
    }

    /// The objects whose secrets are not sealed under the vault's current key, with secrets that are.
    private func resealed(_ tables: AdminTables, _ vault: KeyVault) throws(PKIError) -> [AdminObjectDraft] {
        var random = self.random
        var drafts: [AdminObjectDraft] = []
        for object in tables.objects(ObjectKind.certificate.plural) where !object.secret.isEmpty {
            let sealed = try SealedSecret(envelope: object.secret)
            let label = CertificateRecord.sealed(object.name)
            guard let anew = try vault.reseal(sealed, for: label, using: &random) else { continue }
            var draft = object.draft
            draft.secret = anew.envelope
            drafts.append(draft)
        }
        for object in tables.objects(ObjectKind.authority.plural) {
            guard var record = AuthorityRecord(object) else { continue }
            for index in record.generations.indices {
                let number = record.generations[index].number
                let label = { AuthorityRecord.sealed(object.name, number, $0) }
                if let key = record.generations[index].key,
                    let anew = try vault.reseal(key, for: label("key"), using: &random)
                {
                    record.generations[index].key = anew
                }
                if let key = record.generations[index].rootKey,
                    let anew = try vault.reseal(key, for: label("rootKey"), using: &random)
                {
                    record.generations[index].rootKey = anew
                }
            }
            var draft = object.draft
            record.write(to: &draft)
            if draft.secret != object.secret { drafts.append(draft) }
        }
        return drafts
    }
}
