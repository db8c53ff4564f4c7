import AdminClient
import Documents

/// A whole list, put together from its pages.
struct ObjectList: Sendable, Equatable {
    /// The list's kind: `PeerList`.
    let kind: String
    var items: [DocumentValue]
    /// The version that the list shows.
    let resourceVersion: String

    /// The list as a document.
    var document: DocumentValue {
        [
            "kind": .string(self.kind),
            "items": .array(self.items),
            "metadata": ["resourceVersion": .string(self.resourceVersion)],
        ]
    }
}

extension AdminSession {
    /// How many objects are asked for at a time.
    private static let pageSize = 500
    /// The most pages; more than any store has, so that a server that never ends is noticed.
    private static let pageLimit = 100_000
    /// How often a list is begun anew, because the version of its first page is gone.
    private static let restartLimit = 3

    /// Returns all items at a path, or the first that are wanted.
    func list(
        _ path: [String],
        query: [(name: String, value: String)] = [],
        limit: Int? = nil
    ) async throws -> ObjectList {
        var restartsLeft = Self.restartLimit
        while true {
            do {
                return try await self.pages(path, query: query, limit: limit ?? .max)
            } catch AdminClientError.problem(let problem) where problem.slug == "expired" && restartsLeft > 0
            {
                restartsLeft -= 1
            }
        }
    }

    private func pages(
        _ path: [String],
        query: [(name: String, value: String)],
        limit: Int
    ) async throws -> ObjectList {
        var items: [DocumentValue] = []
        var place: String?
        for _ in 0..<Self.pageLimit {
            let size = ("limit", "\(min(Self.pageSize, limit - items.count))")
            let following = place.map { [("continue", $0)] } ?? []
            let page = try await self.document(path, query: query + [size] + following)
            guard let found = page.object?["items"]?.array else {
                throw AdminClientError.malformed("the answer is not a list")
            }
            items += found
            let next = page.text(at: "metadata.continue").flatMap { $0.isEmpty ? nil : $0 }
            guard let next, items.count < limit else {
                return ObjectList(
                    kind: page.text(at: "kind") ?? "List",
                    items: items,
                    resourceVersion: page.text(at: "metadata.resourceVersion") ?? ""
                )
            }
            guard next != place else {
                throw AdminClientError.malformed("the list does not go on from page to page")
            }
            place = next
        }
        throw AdminClientError.malformed("the list does not end")
    }
}
