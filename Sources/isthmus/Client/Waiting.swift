import AdminClient
import Documents

/// Waits until objects are what they say.
struct Waiting: Sendable {
    let session: AdminSession

    /// How long the server is asked to wait in one request; the command's own limit is above it.
    private static let slice = "30s"

    /// Suspends until each object's condition is true; there is no limit here.
    ///
    /// An object that this server stores and does not act on yet is said so, and not waited for.
    func wait(for names: [ObjectName], condition: String = "applied") async throws {
        for name in names where !name.kind.isSingleton {
            try await self.wait(for: name, condition: condition)
        }
    }

    private func wait(for name: ObjectName, condition: String) async throws {
        let now = try await self.session.document(name.path)
        if condition.lowercased() == "applied", Self.isNotEnforced(now) {
            self.session.console.say("\(name) is stored; this server does not act on it yet")
            return
        }
        let query = [("wait", condition), ("timeout", Self.slice)]
        while true {
            let answer = try await self.session.answer(to: AdminCall(.get, try name.path, query: query))
            if answer.status != 504 { return try answer.check() }
        }
    }

    private static func isNotEnforced(_ object: DocumentValue) -> Bool {
        object.values(at: "status.conditions").contains { condition in
            condition.text(at: "type") == "Applied" && condition.text(at: "reason") == "NotEnforced"
        }
    }
}
