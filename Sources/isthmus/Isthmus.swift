// isthmus: the program. Commands, configuration and wiring.
//
// What it is: the only target that knows all others, and the only one that asks the process for its
// arguments, environment and clock. What it is not: it decides nothing that another target could decide.
//
// Begin here: the command tree. `Configuration/` turns flags, environment and file into one checked value;
// `Serve.swift` puts a server together from that value.

import AdminClient
import ArgumentParser
import Foundation

/// The command tree.
@main
struct Isthmus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "isthmus",
        abstract: "Serves the etcd v3 API to Cilium's clients, and joins clusters to a mesh.",
        discussion: """
            Commands that speak to a server exit with 0 when it was done, 1 when it failed, 2 for a wrong \
            command line, 3 when something is not ready, 4 when somebody else changed the same thing, 5 when \
            the caller may not do it, 6 when the time was up, and 7 when there is no server.

            Shell completion: source <(isthmus --generate-completion-script bash)
            """,
        version: "isthmus \(Version.current)",
        groupedSubcommands: [
            CommandGroup(
                name: "Server",
                subcommands: [ServeCommand.self, EtcdCommand.self, ConfigCommand.self, RestoreCommand.self]
            ),
            CommandGroup(
                name: "Objects",
                subcommands: [
                    ApplyCommand.self, DiffCommand.self, GetCommand.self, DeleteCommand.self,
                    EventsCommand.self, KVCommand.self,
                ]
            ),
            CommandGroup(
                name: "Operation",
                subcommands: [
                    StatusCommand.self, HealthCommand.self, WhoamiCommand.self, TokenCommand.self,
                    BackupCommand.self, VersionCommand.self,
                ]
            ),
        ]
    )

    /// Runs the command that the process was asked for.
    static func main() async {
        if let arguments = EtcdProgram.arguments(of: CommandLine.arguments) {
            let environment = ProcessInfo.processInfo.environment
            Foundation.exit(await EtcdProgram.run(arguments, environment: environment))
        }
        await Self.main(nil)
    }

    /// Runs a command; exits with the code that its failure stands for, if it fails.
    ///
    /// - Parameter arguments: The words after the program's name; `nil`: those of the process.
    static func main(_ arguments: [String]?) async {
        do {
            var command = try Self.parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let problems as ConfigurationProblems {
            StandardError.write("isthmus: \(problems)")
            Self.exit(withError: ExitCode(ConfigurationProblems.exitCode))
        } catch let failure as StartFailure {
            StandardError.write("isthmus: \(failure)\n")
            Self.exit(withError: ExitCode.failure)
        } catch is OutputClosed {
            Self.exit(withError: ExitCode(OutputClosed.exitCode))
        } catch let error as AdminClientError {
            Self.end(with: CommandFailure(error))
        } catch let failure as CommandFailure {
            Self.end(with: failure)
        } catch {
            guard Self.exitCode(for: error) == .validationFailure else { Self.exit(withError: error) }
            // The library's own code for a wrong command line is 64; this program's commands all use 2.
            StandardError.write(Self.fullMessage(for: error) + "\n")
            Self.exit(withError: ExitCode(2))
        }
    }

    private static func end(with failure: CommandFailure) -> Never {
        StandardError.write("isthmus: \(failure)\n")
        Self.exit(withError: ExitCode(failure.status.rawValue))
    }
}
