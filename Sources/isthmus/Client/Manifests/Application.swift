import AdminClient
import Documents

/// Brings the objects of files to a server, or finds out what that would do: one document, one transaction.
struct Application: Sendable {
    let session: AdminSession
    let manifests: [Manifest]
    /// Whether objects that are in no file are deleted.
    let prunes: Bool
    /// Labels of the objects that may be deleted; `nil`: all objects.
    let selector: String?

    /// Applies the files.
    ///
    /// - Parameter isDry: Whether everything is checked and nothing changed.
    /// - Throws: A failure that names the file of each wrong field.
    func run(isDry: Bool) async throws -> ConfigPlan {
        let parameters = [
            ("mode", self.prunes ? "replace" : "merge"), ("prune", self.prunes ? "true" : nil),
            ("labelSelector", self.selector), ("dryRun", isDry ? "All" : nil),
        ]
        let answer: DocumentValue
        do {
            answer = try await self.session.document(
                .put,
                ["api", "v1", "config"],
                query: parameters.compactMap { name, value in value.map { (name, $0) } },
                body: Manifest.configuration(self.manifests)
            )
        } catch AdminClientError.problem(let problem) {
            throw CommandFailure(
                CommandFailure.status(of: problem),
                CommandFailure.text(of: problem, place: self.place)
            )
        }
        guard let plan = ConfigPlan(answer) else {
            throw AdminClientError.malformed("the answer is not a plan")
        }
        return plan
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
