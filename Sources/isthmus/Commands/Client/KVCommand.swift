import ArgumentParser
import Documents

/// `isthmus kv`: looks at the keys of the store.
struct KVCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kv",
        abstract: "Look at the keys of the store.",
        subcommands: [Get.self]
    )

    /// `isthmus kv get`: shows keys as any identity sees them.
    struct Get: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "get",
            abstract: "Show the keys with a prefix, decoded.",
            discussion: "-o json prints the whole values; a table shows their beginnings."
        )

        /// How much of a value a table shows.
        private static let shownLength = 80

        @Argument(help: "The prefix, such as cilium/state/nodes/; left out: all keys.")
        var prefix = ""

        @Option(
            help: ArgumentHelp("As whom to look: admin, local, remote, remote-CLUSTER or user:NAME.", valueName: "identity")
        )
        var `as`: String?

        @Option(help: "The most keys.")
        var limit: Int?

        @Option(name: .shortAndLong, help: "table, json, yaml or name.")
        var output = OutputFormat.table

        @OptionGroup var client: ClientOptions

        func validate() throws {
            if let limit = self.limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
        }

        func run(in session: AdminSession) async throws {
            let query = [("prefix", self.prefix.isEmpty ? nil : self.prefix), ("as", self.as)]
            let list = try await session.list(
                ["api", "v1", "kv"],
                query: query.compactMap { name, value in value.map { (name, $0) } },
                limit: self.limit
            )
            switch self.output {
            case .json, .yaml: try session.console.write(OutputFormat.text(list.document, self.output))
            case .name:
                let keys = list.items.map { TerminalText.printable($0.text(at: "key") ?? "") }
                try session.console.write(keys.map { $0 + "\n" }.joined())
            case .table where list.items.isEmpty: session.console.say("there are no such keys")
            case .table:
                var table = TextTable(["KEY", "REVISION", "LEASE", "VALUE"])
                for item in list.items { table.add(Self.cells(item)) }
                try session.console.write(table.text)
            }
        }

        private static func cells(_ item: DocumentValue) -> [String] {
            let value: String
            switch item.object?["value"] {
            case .string(let text): value = text
            case let other?: value = String(decoding: JSONWriter.write(other), as: UTF8.self)
            case nil: value = item.text(at: "valueBase64").map { "base64:\($0)" } ?? ""
            }
            let shown = value.count > Self.shownLength ? value.prefix(Self.shownLength) + "…" : value[...]
            return [
                item.text(at: "key") ?? "", item.text(at: "modRevision") ?? "", item.text(at: "lease") ?? "",
                String(shown),
            ]
        }
    }
}
