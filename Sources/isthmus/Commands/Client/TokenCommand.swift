import AdminClient
import ArgumentParser
import Documents
import Foundation

/// `isthmus token`: makes, renews and withdraws API tokens.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make, renew and withdraw API tokens; get tokens lists them.",
        subcommands: [Create.self, Rotate.self, Delete.self]
    )

    /// `isthmus token create`.
    struct Create: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "create",
            abstract: "Make a token and print it, this once."
        )

        @Argument(help: "The name.")
        var name: String

        @Option(
            help: "viewer, operator, certificates or admin; may come several times.",
            completion: .list(["viewer", "operator", "certificates", "admin"])
        )
        var scope: [String]

        @Option(
            help: ArgumentHelp(
                "How long it is good, such as 720h; left out: for ever.",
                valueName: "duration"
            )
        )
        var expiresIn: TimeSpan?

        @OptionGroup var secret: SecretOutput

        @OptionGroup var client: ClientOptions

        func run(in session: AdminSession) async throws {
            var spec: DocumentValue = ["scopes": .array(self.scope.map { .string($0) })]
            if let span = self.expiresIn, case .object(var members) = spec {
                let time = Date(timeIntervalSinceNow: Double(span.duration.components.seconds))
                members["expiresAt"] = .string(time.formatted(.iso8601))
                spec = .object(members)
            }
            let body: DocumentValue = [
                "kind": "Token", "metadata": ["name": .string(self.name)], "spec": spec,
            ]
            let token = try await session.document(.post, ["api", "v1", "tokens"], body: body)
            try self.secret.write(token, session.console)
        }
    }

    /// `isthmus token rotate`.
    struct Rotate: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate",
            abstract: "Give a token a new secret and print it, this once; the old one stops at once."
        )

        @Argument(help: "The name.")
        var name: String

        @OptionGroup var secret: SecretOutput

        @OptionGroup var client: ClientOptions

        func run(in session: AdminSession) async throws {
            let name = try ObjectName.parse(["token", self.name]).names[0].name
            let token = try await session.document(.post, ["api", "v1", "tokens", "\(name):rotate"])
            try self.secret.write(token, session.console)
        }
    }

    /// `isthmus token delete`.
    struct Delete: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "delete",
            abstract: "Withdraw a token; it stops at once."
        )

        @Argument(help: "The name.")
        var name: String

        @OptionGroup var client: ClientOptions

        func run(in session: AdminSession) async throws {
            let name = try ObjectName.parse(["token", self.name]).names[0]
            _ = try await session.document(.delete, name.path)
            try session.console.write("\(name) deleted\n")
        }
    }

    /// Where a new secret goes.
    struct SecretOutput: ParsableArguments {
        @Option(name: .shortAndLong, help: "table: the token alone; json or yaml: the whole object.")
        var output = OutputFormat.table

        @Option(
            help: ArgumentHelp("Write the token to a new file that only you can read.", valueName: "file"),
            completion: .file()
        )
        var saveTo: String?

        /// Prints or saves the secret.
        func write(_ token: DocumentValue, _ console: Console) throws {
            guard let secret = token.text(at: "token") else {
                throw CommandFailure(.failed, "the answer has no token")
            }
            if let path = self.saveTo {
                let file = try PrivateFile(path: path)
                try file.write(Array((secret + "\n").utf8))
                try file.finish(replacing: false)
                return console.say("the token is in \(path)")
            }
            switch self.output {
            case .json, .yaml: try console.write(OutputFormat.text(token, self.output))
            case .table, .name: try console.write(TerminalText.printable(secret) + "\n")
            }
        }
    }
}
