import AdminClient
import ArgumentParser
import Documents

/// `isthmus events`: shows what happened, and what happens.
struct EventsCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Show events: those that are kept, or with --follow those to come.",
        discussion: "-o json prints one event a line; its id is what --since goes on from."
    )

    @Flag(name: .shortAndLong, help: "Go on with each event as it happens.")
    var follow = false

    @Option(help: ArgumentHelp("Begin after this event; 0: with the oldest that is kept.", valueName: "id"))
    var since: String?

    @Option(help: ArgumentHelp("Only such events: peer.created,peer.deleted.", valueName: "types"))
    var types: String?

    @Option(
        help: "Only events of objects of a kind.",
        completion: .list(ResourceKind.all.map(\.plural))
    )
    var kind: String?

    @Flag(help: "Wait until there is a server; with --follow also when the connection is lost.")
    var wait = false

    @Option(name: .shortAndLong, help: "table, json or yaml.")
    var output = OutputFormat.table

    @OptionGroup var client: ClientOptions

    var standardTimeout: Duration? { self.follow ? nil : .seconds(60) }
    var isPatient: Bool { self.wait }

    func run(in session: AdminSession) async throws {
        let kind = try self.kind.map { name throws(CommandFailure) in try ObjectName.kind(name).kind }
        var query = EventQuery(since: self.since, types: self.types, kind: kind, follows: self.follow)
        var isFirst = true
        while true {
            if self.wait { _ = try await session.document(["api", "v1", "whoami"]) }
            do {
                try await session.events(query) { event in
                    query.since = event.text(at: "id") ?? query.since
                    try self.print(event, isFirst: isFirst, session.console)
                    isFirst = false
                }
                if !self.follow { return }
                guard self.wait else { throw AdminClientError.brokenOff("the server ended the events") }
            } catch let error as AdminClientError {
                guard self.follow, self.wait, Self.isLoss(error) else { throw error }
            }
            // A stream that breaks at once, again and again, is not asked for without a pause.
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    private static func isLoss(_ error: AdminClientError) -> Bool {
        switch error {
        case .brokenOff, .unreachable: true
        default: false
        }
    }

    private func print(_ event: DocumentValue, isFirst: Bool, _ console: Console) throws {
        switch self.output {
        case .json, .yaml: try console.write(OutputFormat.line(event, self.output))
        case .table, .name:
            let widths = [8, 24, 24, 0]
            var table = TextTable(["ID", "TIME", "TYPE", "OBJECT"])
            let name = event.text(at: "name") ?? ""
            let kind = event.text(at: "kind").flatMap(ResourceKind.named)?.singular
            table.add([
                event.text(at: "id") ?? "", event.text(at: "time") ?? "", event.text(at: "type") ?? "",
                kind.map { "\($0)/\(name)" } ?? name,
            ])
            try console.write(table.text(widths: widths, hasTitles: isFirst))
        }
    }
}
