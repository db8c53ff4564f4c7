import Documents

/// What applying files does to each object.
struct ConfigPlan: Sendable, Equatable {
    /// What happens to an object.
    enum Action: String, Sendable, CaseIterable {
        case create
        case update
        case delete
        case unchanged

        /// The word for what was done.
        var participle: String {
            switch self {
            case .create: "created"
            case .update: "configured"
            case .delete: "deleted"
            case .unchanged: "unchanged"
            }
        }

        /// The colour in which it is shown.
        var colour: Colour? {
            switch self {
            case .create: .green
            case .update: .yellow
            case .delete: .red
            case .unchanged: nil
            }
        }
    }

    /// An object of the plan.
    struct Item: Sendable, Equatable {
        let action: Action
        let name: ObjectName
        /// What is wrong with it, in one line each.
        var errors: [String] = []

        /// The item as a member of the plan's document.
        var document: DocumentValue {
            [
                "action": .string(self.action.rawValue), "kind": .string(self.name.kind.kind),
                "name": .string(self.name.name),
            ]
        }
    }

    private(set) var items: [Item] = []

    /// Reads the server's answer; `nil` when it is none.
    init?(_ document: DocumentValue) {
        guard document.text(at: "kind") == "ConfigPlan", let items = document.object?["items"]?.array else {
            return nil
        }
        for item in items {
            guard let action = item.text(at: "action").flatMap(Action.init(rawValue:)),
                let kind = item.text(at: "kind").flatMap(ResourceKind.named),
                let name = item.text(at: "name")
            else { return nil }
            let errors = item.values(at: "errors").map { error in
                "\(error.text(at: "pointer") ?? ""): \(error.text(at: "message") ?? "")"
            }
            self.items.append(Item(action: action, name: ObjectName(kind, name), errors: errors))
        }
    }

    /// How many objects an action is for.
    func count(of action: Action) -> Int { self.items.count { $0.action == action } }

    /// The objects that are no longer what they were, but are there.
    var changed: [ObjectName] {
        self.items.filter { $0.action == .create || $0.action == .update }.map(\.name)
    }

    /// `1 created, 2 unchanged`.
    var summary: String {
        let parts = Action.allCases.compactMap { action in
            self.count(of: action) == 0 ? nil : "\(self.count(of: action)) \(action.participle)"
        }
        return parts.isEmpty ? "nothing to do" : parts.joined(separator: ", ")
    }

    /// The plan as a document, in the form of the server's.
    var document: DocumentValue {
        var summary = DocumentObject()
        for action in Action.allCases { summary[action.rawValue] = .integer(Int64(self.count(of: action))) }
        return [
            "kind": "ConfigPlan", "summary": .object(summary), "items": .array(self.items.map(\.document)),
        ]
    }
}
