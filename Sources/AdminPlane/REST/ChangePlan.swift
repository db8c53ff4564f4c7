import Documents
import MeshResources

/// What happens to each object, or would: the answer of what changes many at once.
struct ChangePlan: Sendable {
    /// What happens to an object.
    enum Action: String, Sendable, CaseIterable {
        case create
        case update
        case delete
        case unchanged
    }

    private struct Step: Sendable {
        let action: Action
        let kind: String
        let name: String
    }

    private var steps: [Step] = []
    private var counts: [Action: Int64] = [:]

    /// Notes what happens to an object.
    mutating func add(_ action: Action, _ kind: String, _ name: String) {
        self.steps.append(Step(action: action, kind: kind, name: name))
        self.counts[action, default: 0] += 1
    }

    /// How many objects each action is done to.
    var summary: DocumentValue {
        var summary = DocumentObject()
        for action in Action.allCases { summary[action.rawValue] = .integer(self.counts[action] ?? 0) }
        return .object(summary)
    }

    /// The plan in the order of kinds, then names.
    var document: DocumentValue {
        let sorted = self.steps.sorted { left, right in
            left.kind == right.kind
                ? left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
                : left.kind.utf8.lexicographicallyPrecedes(right.kind.utf8)
        }
        let items = sorted.map { step -> DocumentValue in
            [
                "action": .string(step.action.rawValue), "kind": .string(step.kind),
                "name": .string(step.name),
            ]
        }
        return ["kind": "ConfigPlan", "summary": self.summary, "items": .array(items)]
    }
}
