import AdminClient
import ArgumentParser
import Foundation

/// A command that speaks to a server.
protocol ClientCommand: AsyncParsableCommand, Sendable {
    /// The flags of the connection.
    var client: ClientOptions { get }
    /// How long the command may take when nobody says; `nil`: for ever.
    var standardTimeout: Duration? { get }
    /// Whether reads are tried again while there is no connection.
    var isPatient: Bool { get }

    /// Does the work.
    ///
    /// - Throws: ``CommandFailure``, ``AdminClientError`` or ``OutputClosed``.
    func run(in session: AdminSession) async throws
}

extension ClientCommand {
    var standardTimeout: Duration? { .seconds(60) }
    var isPatient: Bool { false }

    func run() async throws {
        try await AdminSession.run(
            .ofThisProcess(flags: self.client.flags),
            limit: self.client.server.timeout?.duration ?? self.standardTimeout,
            isPatient: self.isPatient
        ) { try await self.run(in: $0) }
    }
}

extension AdminSession {
    /// Connects as the inputs say, does `body`, and disconnects.
    ///
    /// It may take as long as `limit` says, or for ever; if it is patient, reads are tried again while
    /// there is no connection.
    static func run(
        _ inputs: ConnectionInputs,
        limit: Duration?,
        isPatient: Bool,
        _ body: @escaping @Sendable (AdminSession) async throws -> Void
    ) async throws {
        let settings = try ConnectionSettings(inputs)
        let connection = try AdminConnection(
            address: settings.address,
            token: settings.token,
            identity: settings.identity
        )
        let console = Console(environment: inputs.environment)
        let session = AdminSession(connection: connection, console: console, isPatient: isPatient)
        do {
            try await TimeLimit.run(limit) { try await body(session) }
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }
}
