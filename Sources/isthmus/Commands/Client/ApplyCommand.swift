import ArgumentParser
import Documents

/// `isthmus apply`: makes a server's objects what files say.
struct ApplyCommand: ClientCommand {
    /// How the plan is printed.
    enum Output: String, ExpressibleByArgument, CaseIterable, Sendable {
        case table
        case json
        case yaml
        case name
    }

    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Create and change objects as files say; print what became of each.",
        discussion: """
            The files are one document and one transaction: all of it is applied, or nothing. Everything that \
            is wrong with the files is listed before anything is sent.
            """
    )

    @OptionGroup var manifests: ManifestOptions

    @Flag(
        name: [.customLong("dry-run"), .customLong("plan")],
        help: "Print the plan; the server checks everything and changes nothing."
    )
    var isDry = false

    @Flag(help: "Wait until every changed object has taken effect.")
    var wait = false

    @Option(name: .shortAndLong, help: "table, json, yaml, or name: only what was changed.")
    var output = Output.table

    @OptionGroup var client: ClientOptions

    var isPatient: Bool { self.wait }

    func run(in session: AdminSession) async throws {
        let application = Application(
            session: session,
            manifests: try self.manifests.manifests(),
            prunes: self.manifests.prune,
            selector: self.manifests.selector
        )
        let plan = try await application.run(isDry: self.isDry)
        try self.print(plan, session.console)
        if self.wait, !self.isDry { try await Waiting(session: session).wait(for: plan.changed) }
        let wrong = plan.items.filter { !$0.errors.isEmpty }
        guard wrong.isEmpty else {
            let lines = wrong.flatMap { item in item.errors.map { "  \(item.name): \($0)" } }
            throw CommandFailure(.failed, "objects are wrong:\n" + lines.joined(separator: "\n"))
        }
    }

    private func print(_ plan: ConfigPlan, _ console: Console) throws {
        switch self.output {
        case .json: try console.write(OutputFormat.text(plan.document, .json))
        case .yaml: try console.write(OutputFormat.text(plan.document, .yaml))
        case .name:
            try console.write(plan.items.filter { $0.action != .unchanged }.map { "\($0.name)\n" }.joined())
        case .table:
            for item in plan.items {
                let word = item.action.participle
                let shown = item.action.colour.map { console.coloured(word, $0) } ?? word
                try console.write("\(item.name) \(shown)\(self.isDry ? " (dry run)" : "")\n")
            }
            console.say(plan.summary + (self.isDry ? "; nothing was changed, this was a dry run" : ""))
        }
    }
}
