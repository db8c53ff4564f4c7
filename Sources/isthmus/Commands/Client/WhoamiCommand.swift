import ArgumentParser
import Documents

/// `isthmus whoami`: says as whom the server sees the caller.
struct WhoamiCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "whoami",
        abstract: "Show as whom the server sees you, and what you may do."
    )

    @Option(name: .shortAndLong, help: "table, json, yaml or name.")
    var output = OutputFormat.table

    @OptionGroup var client: ClientOptions

    func run(in session: AdminSession) async throws {
        let caller = try await session.document(["api", "v1", "whoami"])
        switch self.output {
        case .json, .yaml: try session.console.write(OutputFormat.text(caller, self.output))
        case .name: try session.console.write("\(TerminalText.printable(caller.text(at: "name") ?? ""))\n")
        case .table:
            var table = TextTable(["NAME", "BY", "SCOPES", "EXPIRES"])
            table.add(
                ["name", "method", "scopes", "expiresAt"].map { path in
                    caller.values(at: path).map(\.cell).joined(separator: ",")
                }
            )
            try session.console.write(table.text)
        }
    }
}
