import AdminClient
import ArgumentParser
import Documents

/// `isthmus delete`: deletes objects, and cuts connections.
struct DeleteCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete objects by name; a client is cut off.",
        discussion:
            "Stops at the first object that cannot be deleted. -o json prints the objects as they were."
    )

    @Argument(
        help: ArgumentHelp("A kind and names; or KIND/NAME, as get -o name prints.", valueName: "kind name"),
        completion: .list(ResourceKind.all.filter { !$0.isSingleton }.map(\.plural))
    )
    var words: [String]

    @Flag(help: "An object that is not there counts as deleted.")
    var ignoreNotFound = false

    @Flag(help: "Only check; nothing is deleted.")
    var dryRun = false

    @Flag(help: "Wait until what the objects stood for is gone.")
    var wait = false

    @Option(
        help: ArgumentHelp("Delete only this version: metadata.resourceVersion.", valueName: "version")
    )
    var resourceVersion: String?

    @Option(name: .shortAndLong, help: "table, json, yaml or name.")
    var output = OutputFormat.table

    @OptionGroup var client: ClientOptions

    func run(in session: AdminSession) async throws {
        let (_, names) = try ObjectName.parse(self.words)
        guard !names.isEmpty else { throw CommandFailure(.usage, "which objects? There is no name") }
        guard names.allSatisfy({ !$0.kind.isSingleton }) else {
            throw CommandFailure(.usage, "the settings cannot be deleted")
        }
        guard self.resourceVersion == nil || names.count == 1 else {
            throw CommandFailure(.usage, "--resource-version is for one object")
        }
        for name in names { try await self.delete(name, session) }
    }

    private func delete(_ name: ObjectName, _ session: AdminSession) async throws {
        var query: [(name: String, value: String)] = self.dryRun ? [("dryRun", "All")] : []
        if self.wait, name.kind.isConfiguration, !self.dryRun {
            let timeout = self.client.server.timeout?.duration ?? self.standardTimeout ?? .seconds(60)
            query += [("wait", "applied"), ("timeout", "\(max(1, min(600, timeout.components.seconds)))s")]
        }
        var call = AdminCall(.delete, try name.path, query: query)
        if let version = self.resourceVersion {
            guard !version.isEmpty, version.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
            else {
                throw CommandFailure(
                    .usage,
                    "\"\(version)\" is not a version: write metadata.resourceVersion"
                )
            }
            call.add(header: "if-match", "\"\(version)\"")
        }
        let answer = try await session.answer(to: call)
        if answer.status == 404, self.ignoreNotFound { return session.console.say("\(name) is not there") }
        let object = try answer.document()
        switch self.output {
        case .json, .yaml: try session.console.write(OutputFormat.line(object, self.output))
        case .name: try session.console.write("\(name)\n")
        case .table: try session.console.write("\(name) deleted\(self.dryRun ? " (dry run)" : "")\n")
        }
    }
}
