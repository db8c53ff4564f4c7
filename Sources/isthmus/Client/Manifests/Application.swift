import AdminClient
import Documents

/// Brings the objects of files to a server, or finds out what that would do.
///
/// The files go there as one document and one transaction. Pruning by labels is not a thing of the server:
/// what it deletes is looked up, and deleted one by one, each only as it was when it was looked up.
struct Application: Sendable {
    let session: AdminSession
    let manifests: [Manifest]
    let prunes: Bool
    let selector: String?

    private static let path = ["api", "v1", "config"]

    /// An object that is to be deleted.
    struct Orphan: Sendable, Equatable {
        let name: ObjectName
        let document: DocumentValue
    }

    /// Applies the files.
    ///
    /// - Parameter isDry: Whether everything is checked and nothing changed.
    /// - Throws: A failure that names the file of each wrong field.
    func run(isDry: Bool) async throws -> ConfigPlan {
        let orphans = try await self.orphans()
        let isWhole = self.prunes && self.selector == nil
        let query =
            [("mode", isWhole ? "replace" : "merge")] + (isWhole ? [("prune", "true")] : [])
            + (isDry ? [("dryRun", "All")] : [])
        let answer: DocumentValue
        do {
            answer = try await self.session.document(
                .put,
                Self.path,
                query: query,
                body: Manifest.configuration(self.manifests)
            )
        } catch AdminClientError.problem(let problem) {
            throw CommandFailure(
                CommandFailure.status(of: problem),
                CommandFailure.text(of: problem, place: self.place)
            )
        }
        guard var plan = ConfigPlan(answer) else {
            throw AdminClientError.malformed("the answer is not a plan")
        }
        if !isDry { try await self.delete(orphans) }
        plan.add(deletions: orphans.map(\.name))
        return plan
    }

    /// Returns what pruning by labels deletes, in the order of the kinds and names.
    func orphans() async throws -> [Orphan] {
        guard let selector = self.selector else { return [] }
        let kept = Set(self.manifests.map(\.name))
        var orphans: [Orphan] = []
        for kind in ResourceKind.all where kind.isConfiguration && !kind.isSingleton {
            let list = try await self.session.list(kind.path, query: [("labelSelector", selector)])
            for object in list.items {
                guard let name = ObjectName(kind, of: object), !kept.contains(name) else { continue }
                // What is being deleted already needs no second word.
                guard object.text(at: "metadata.deletionTimestamp") == nil else { continue }
                orphans.append(Orphan(name: name, document: object))
            }
        }
        return orphans
    }

    private func delete(_ orphans: [Orphan]) async throws {
        for orphan in orphans {
            var call = AdminCall(.delete, try orphan.name.path)
            if let version = orphan.document.text(at: "metadata.resourceVersion") {
                call.add(header: "if-match", "\"\(version)\"")
            }
            let answer = try await self.session.answer(to: call)
            // Somebody else was faster.
            if answer.status != 404 { try answer.check() }
        }
    }

    /// Returns where the field is that the server names by its place in the document that was sent.
    private func place(_ pointer: String) -> String {
        let parts = pointer.split(separator: "/", maxSplits: 2).map(String.init)
        guard parts.count >= 2, parts[0] == "items", let index = Int(parts[1]),
            self.manifests.indices.contains(index)
        else { return pointer.isEmpty ? "the whole" : pointer }
        let origin = self.manifests[index].origin
        return parts.count > 2 ? "\(origin): /\(parts[2])" : "\(origin): \(self.manifests[index].name)"
    }
}
