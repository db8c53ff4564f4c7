package import Documents
package import MeshSchema

/// Allows or denies some objects between this cluster and some peers.
///
/// Export and import rules have this one shape. The first rule that applies decides: the highest priority, at
/// equal priorities those that deny, then the first by name.
package struct RuleSpec: Sendable, Hashable {
    /// What the rule does.
    package enum Action: String, Sendable, Hashable, CaseIterable {
        /// The objects pass.
        case allow
        /// The objects do not pass.
        case deny
    }

    /// Which peers are meant; all that are named, and all that are selected.
    package struct Peers: Sendable, Hashable {
        /// The names.
        package var names: [ClusterName]
        /// The labels.
        package var selector: LabelSelector?
    }

    /// Higher comes first.
    package var priority: Int32
    /// What the rule does.
    package var action: Action
    /// The peers; `nil`: every one, and whoever is not a peer.
    package var peers: Peers?
    /// The kinds of objects; `nil`: all.
    package var kinds: [MeshKind]?
    /// The namespaces; `nil`: all, and objects without one.
    package var namespaces: [NamePattern]?
    /// The names; `nil`: all.
    package var names: [NamePattern]?
    /// The labels; `nil`: whatever they are.
    package var selector: LabelSelector?
    /// Where the object's addresses are; `nil`: anywhere.
    package var cidrs: [AddressBlock]?

    /// Reads the spec; a value is right only if no problem was noted.
    ///
    /// An empty list is refused: read as "none" a rule would do nothing, read as "all" too much.
    package init?(_ field: FieldReader) {
        let spec: RuleSpec? = field.object { object in
            let priority = object.optional("priority")?
                .integer(in: Int64(Int32.min)...Int64(Int32.max)).map { Int32($0) }
            let action = object.required("action")?.choice(of: Action.self)
            let peers = object.optional("peers").flatMap(Self.peers)
            let kinds = Self.list(object.optional("kinds")) { $0.choice(of: MeshKind.self) }
            let namespaces = Self.list(object.optional("namespaces"), Self.pattern)
            let names = Self.list(object.optional("names"), Self.pattern)
            let selector = object.optional("selector").flatMap { LabelSelector($0) }
            let cidrs = Self.list(object.optional("cidrs")) { $0.block() }
            guard let action else { return nil }
            return RuleSpec(
                priority: priority ?? 0,
                action: action,
                peers: peers,
                kinds: kinds,
                namespaces: namespaces,
                names: names,
                selector: selector,
                cidrs: cidrs
            )
        }
        guard let spec else { return nil }
        self = spec
    }

    private init(
        priority: Int32,
        action: Action,
        peers: Peers?,
        kinds: [MeshKind]?,
        namespaces: [NamePattern]?,
        names: [NamePattern]?,
        selector: LabelSelector?,
        cidrs: [AddressBlock]?
    ) {
        self.priority = priority
        self.action = action
        self.peers = peers
        self.kinds = kinds
        self.namespaces = namespaces
        self.names = names
        self.selector = selector
        self.cidrs = cidrs
    }

    private static func peers(_ field: FieldReader) -> Peers? {
        field.object { object in
            let names = self.list(object.optional("names")) { field in
                field.parsed { (text) throws(ResourceError) in try ResourceNames.clusterName(text) }
            }
            let selector = object.optional("selector")
            guard names != nil || selector != nil else {
                object.reject(.required, "needs names or a selector: leave it out to mean every peer")
                return nil
            }
            return Peers(names: names ?? [], selector: selector.flatMap { LabelSelector($0) })
        }
    }

    private static func list<Element: Hashable>(
        _ field: FieldReader?,
        _ read: (FieldReader) -> Element?
    ) -> [Element]? {
        guard let field else { return nil }
        if case .array(let elements) = field.value, elements.isEmpty {
            return field.reject(.invalidValue, "is empty: leave it out to mean all")
        }
        return field.uniqueList(limit: 256, read)
    }

    private static func pattern(_ field: FieldReader) -> NamePattern? {
        field.parsed { (text) throws(ResourceError) in try NamePattern(text) }
    }
}
