import AdminClient
import ArgumentParser
import Documents
import Foundation

/// `isthmus status`: says how a server and its peers are.
struct StatusCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show whether the server is ready, how far it is, and how its peers are.",
        discussion: "Exits 0 when all is well and 3 when the server is not ready or a peer is not well."
    )

    @Flag(help: "Wait until all is well.")
    var wait = false

    @Option(name: .shortAndLong, help: "table, json or yaml.")
    var output = OutputFormat.table

    @OptionGroup var client: ClientOptions

    var isPatient: Bool { self.wait }

    func run(in session: AdminSession) async throws {
        var report = try await self.report(session)
        while self.wait, !report.isWell {
            try await Task.sleep(for: .milliseconds(500))
            report = try await self.report(session)
        }
        switch self.output {
        case .json, .yaml: try session.console.write(OutputFormat.text(report.document, self.output))
        case .table, .name: try session.console.write(report.text(now: Date(), session.console))
        }
        guard report.isWell else { throw ExitCode(ExitStatus.notReady.rawValue) }
    }

    private func report(_ session: AdminSession) async throws -> StatusReport {
        let system = try await session.document(["api", "v1", "system", "info"])
        let peers = try await session.list(["api", "v1", "peers"])
        return StatusReport(system: system, peers: peers.items)
    }
}
