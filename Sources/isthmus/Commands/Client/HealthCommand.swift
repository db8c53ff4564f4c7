import AdminClient
import ArgumentParser
import Foundation

/// `isthmus health`: asks whether a server is well, as a probe does.
struct HealthCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Ask the health listener whether the server is ready; needs no token.",
        discussion: "Exits 0 when it is, 3 when it is not, 6 after --timeout, 7 when there is no server."
    )

    @Option(
        help: ArgumentHelp("The health listener (ISTHMUS_HEALTH_ADDRESS).", valueName: "url")
    )
    var healthAddress: String?

    @Flag(help: "Ask only whether the process lives (/livez).")
    var live = false

    @Flag(help: "Wait until it is ready.")
    var wait = false

    @Flag(name: .shortAndLong, help: "Say nothing.")
    var quiet = false

    @Option(help: ArgumentHelp("How long the command may take.", valueName: "duration"))
    var timeout = TimeSpan(.seconds(10))

    func run() async throws {
        let inputs = ConnectionInputs.ofThisProcess(flags: .init())
        let address = try AdminAddress(
            self.healthAddress ?? inputs[.healthAddress] ?? "http://127.0.0.1:9880"
        )
        let connection = try AdminConnection(address: address, token: nil, identity: TLSIdentity())
        let session = AdminSession(
            connection: connection,
            console: Console(environment: inputs.environment),
            isPatient: self.wait
        )
        do {
            try await TimeLimit.run(self.timeout.duration) { try await self.ask(session) }
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    private func ask(_ session: AdminSession) async throws {
        var call = AdminCall(.get, [self.live ? "livez" : "readyz"], query: [("verbose", "")])
        call.accept = "text/plain"
        while true {
            let answer = try await session.answer(to: call)
            if answer.status == 200 || !self.wait { return try self.report(answer, session.console) }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    private func report(_ answer: AdminAnswer, _ console: Console) throws {
        let lines = String(decoding: answer.body.prefix(64 << 10), as: UTF8.self).split(separator: "\n")
        if !self.quiet {
            try console.write(lines.map { TerminalText.printable(String($0)) + "\n" }.joined())
        }
        switch answer.status {
        case 200: return
        case 503: throw ExitCode(ExitStatus.notReady.rawValue)
        default:
            let sentence = "\(try self.name(answer)): this is not a health listener"
            throw CommandFailure(.failed, sentence)
        }
    }

    private func name(_ answer: AdminAnswer) throws -> String { "HTTP status \(answer.status)" }
}
