import AdminClient
import ArgumentParser
import Documents
import Foundation

/// `isthmus get`: shows objects.
struct GetCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Show objects.",
        discussion: """
            isthmus get peers            all of a kind
            isthmus get service shop/cart -o yaml
            isthmus get config -o yaml   the whole configuration, as apply takes it
            isthmus get node a --wait    when it has taken effect

            Kinds: \(ResourceKind.all.map(\.plural).joined(separator: ", ")).
            """
    )

    @Argument(
        help: ArgumentHelp(
            "A kind and any number of names; or KIND/NAME, as -o name prints.",
            valueName: "kind name"
        ),
        completion: .list(ResourceKind.all.map(\.plural) + ["config"])
    )
    var words: [String]

    @Option(name: .shortAndLong, help: "table, json, yaml or name.")
    var output = OutputFormat.table

    @Option(
        name: [.customShort("l"), .long],
        help: ArgumentHelp("Only objects with such labels: region=eu,tier!=test.", valueName: "labels")
    )
    var selector: String?

    @Option(name: .shortAndLong, help: "Only objects of a namespace.")
    var namespace: String?

    @Flag(name: .shortAndLong, help: "Then show each change as it happens.")
    var watch = false

    @Flag(help: "Wait until the server answers, and until the named objects have taken effect.")
    var wait = false

    @Option(name: .customLong("for"), help: "With --wait: another condition than Applied.")
    var condition = "applied"

    @OptionGroup var client: ClientOptions

    var standardTimeout: Duration? { self.watch ? nil : .seconds(60) }
    var isPatient: Bool { self.wait }

    func run(in session: AdminSession) async throws {
        if self.words == ["config"] { return try await self.showConfiguration(session) }
        let (kind, names) = try ObjectName.parse(self.words)
        let isPlain = self.selector == nil && self.namespace == nil && !self.watch
        guard names.isEmpty || isPlain else {
            throw CommandFailure(.usage, "--selector, --namespace and --watch are for all objects of a kind")
        }
        guard self.namespace == nil || kind.isNamespaced else {
            throw CommandFailure(.usage, "\(kind.plural) have no namespaces")
        }
        guard !self.watch || kind.isConfiguration && !kind.isSingleton || kind.kind == "Token" else {
            throw CommandFailure(.usage, "\(kind.plural) cannot be watched")
        }
        if !names.isEmpty || kind.isSingleton {
            return try await self.show(kind.isSingleton ? [ObjectName(kind, kind.plural)] : names, session)
        }
        let list = try await self.list(kind, session)
        if self.watch {
            let watch = ObjectWatch(
                session: session,
                kind: kind,
                output: self.output,
                namespace: self.namespace,
                list: { try await self.list(kind, session) }
            )
            return try await watch.run(from: list)
        }
        try self.print(list.items, document: list.document, kind, session.console)
    }

    private func list(_ kind: ResourceKind, _ session: AdminSession) async throws -> ObjectList {
        let query = self.selector.map { [("labelSelector", $0)] } ?? []
        return try await session.list(kind.path + [self.namespace].compactMap { $0 }, query: query)
    }

    private func show(_ names: [ObjectName], _ session: AdminSession) async throws {
        if self.wait { try await Waiting(session: session).wait(for: names, condition: self.condition) }
        var objects: [(name: ObjectName, document: DocumentValue)] = []
        for name in names { objects.append((name, try await session.document(name.path))) }
        if objects.count == 1 {
            let object = objects[0]
            return try self.print(
                [object.document],
                document: object.document,
                object.name.kind,
                session.console
            )
        }
        let kinds = Set(names.map(\.kind))
        let list: DocumentValue = ["kind": "List", "items": .array(objects.map(\.document))]
        guard self.output == .table || self.output == .name, kinds.count > 1 else {
            return try self.print(objects.map(\.document), document: list, names[0].kind, session.console)
        }
        for object in objects {
            try self.print([object.document], document: object.document, object.name.kind, session.console)
        }
    }

    private func print(
        _ objects: [DocumentValue],
        document: DocumentValue,
        _ kind: ResourceKind,
        _ console: Console
    ) throws {
        switch self.output {
        case .json, .yaml: try console.write(OutputFormat.text(document, self.output))
        case .name:
            let names = objects.map { ObjectName(kind, of: $0) ?? ObjectName(kind, kind.plural) }
            try console.write(names.map { "\($0)\n" }.joined())
        case .table where objects.isEmpty: console.say("there are no \(kind.plural)")
        case .table: try console.write(ObjectTable(kind: kind, now: Date()).table(objects).text)
        }
    }

    private func showConfiguration(_ session: AdminSession) async throws {
        let document = try await session.document(["api", "v1", "config"])
        let items = document.object?["items"]?.array ?? []
        let names = items.compactMap { item in
            item.text(at: "kind").flatMap(ResourceKind.named).map {
                ObjectName($0, of: item) ?? .init($0, "")
            }
        }
        switch self.output {
        case .json, .yaml: try session.console.write(OutputFormat.text(document, self.output))
        case .name: try session.console.write(names.map { "\($0)\n" }.joined())
        case .table:
            var table = TextTable(["KIND", "NAME"])
            for name in names { table.add([name.kind.kind, name.name]) }
            try session.console.write(table.text)
        }
    }
}
