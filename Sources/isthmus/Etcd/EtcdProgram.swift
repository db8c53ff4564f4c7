import Foundation
import Logging
import Telemetry

/// `etcd …`: what the program does when it is called by that name, or as `isthmus etcd …`.
///
/// The exit codes are etcd's: 2 for a command line that cannot be read, 1 for settings that are refused and
/// for a server that cannot start.
enum EtcdProgram {
    /// Returns etcd's arguments if the command line asks for it; `nil` when it is this program's own.
    static func arguments(of commandLine: [String]) -> [String]? {
        let name = commandLine.first?.split(separator: "/").last
        if name == "etcd" { return Array(commandLine.dropFirst()) }
        return commandLine.dropFirst().first == "etcd" ? Array(commandLine.dropFirst(2)) : nil
    }

    /// Runs until the process is told to stop; returns the code to exit with.
    static func run(_ arguments: [String], environment: [String: String]) async -> Int32 {
        let commandLine: EtcdCommandLine
        do throws(EtcdCommandLine.Failure) {
            commandLine = try EtcdCommandLine(arguments)
        } catch {
            StandardError.write("\(error)\n\(EtcdUsage.lines)\n")
            return 2
        }
        if commandLine.asksForHelp {
            FileHandle.standardOutput.write(Data((EtcdUsage.lines + EtcdUsage.flags).utf8))
            return 0
        }
        if EtcdFlag.truth(commandLine.values["version"] ?? "false") == true {
            FileHandle.standardOutput.write(Data(EtcdUsage.version.utf8))
            return 0
        }
        do {
            let configuration = try await Self.configuration(commandLine, environment: environment)
            try await EtcdServer.run(configuration, arguments: arguments, environment: environment)
            return 0
        } catch let refusal as EtcdSettings.Refusal {
            Self.complain("failed to verify flags", refusal)
        } catch {
            Self.complain("failed to start etcd", error)
        }
        return 1
    }

    private static func configuration(
        _ commandLine: EtcdCommandLine,
        environment: [String: String]
    ) async throws(EtcdSettings.Refusal) -> EtcdConfiguration {
        if let word = commandLine.words.first {
            let isProxy = ["gateway", "grpc-proxy"].contains(word)
            throw .init(
                description: isProxy
                    ? "'\(word)' is not possible: this is not a proxy" : "'\(word)' is not a valid flag"
            )
        }
        let settings = try EtcdSettings(commandLine, environment: environment)
        guard let file = settings.configFile else { return try EtcdConfiguration(settings) }
        return try EtcdConfiguration(try EtcdSettings(file: try await EtcdConfigurationFile.read(file)))
    }

    /// Says what is wrong as etcd does: the logger of the configuration may not be there yet.
    private static func complain(_ message: Logger.Message, _ error: any Error) {
        let sink = LogSink(level: LogLevel(.info), clock: LogSink.wallClock)
        let logger = Logger(label: "etcd") { ZapLogHandler(label: $0, sink: sink, form: .json) }
        logger.critical(message, metadata: ["error": "\(error)"])
    }
}
