// isthmus: the program. Commands, configuration and wiring.
//
// What it is: the only target that knows all others, and the only one that asks the process for its
// arguments, environment and clock. What it is not: it decides nothing that another target could decide.
//
// Begin here: the command tree. `Configuration/` turns flags, environment and file into one checked value;
// `Serve.swift` puts a server together from that value.

import ArgumentParser
import Foundation

/// The command tree.
@main
struct Isthmus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "isthmus",
        abstract: "Serves the etcd v3 API to Cilium's clients, and joins clusters to a mesh.",
        version: "isthmus \(Version.current)",
        subcommands: [
            ServeCommand.self, EtcdCommand.self, RestoreCommand.self, ConfigCommand.self, VersionCommand.self,
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
        } catch {
            guard Self.exitCode(for: error) == .validationFailure else { Self.exit(withError: error) }
            // The library's own code for a wrong command line is 64; this program's commands all use 2.
            StandardError.write(Self.fullMessage(for: error) + "\n")
            Self.exit(withError: ExitCode(2))
        }
    }
}
