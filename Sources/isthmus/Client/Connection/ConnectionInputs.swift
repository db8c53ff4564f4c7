import Foundation

/// Everything from outside that a connection is chosen by.
struct ConnectionInputs: Sendable {
    /// What the command line says.
    struct Flags: Sendable, Equatable {
        var address: String?
        var tokenFile: String?
        var caFile: String?
        var clientCertificate: String?
        var clientKey: String?
        var stateDirectory: String?
    }

    /// The environment variables of clients; `serve` leaves them alone.
    enum Variable: String, CaseIterable, Sendable {
        case address = "ISTHMUS_ADDRESS"
        case token = "ISTHMUS_TOKEN"
        case tokenFile = "ISTHMUS_TOKEN_FILE"
        case caFile = "ISTHMUS_CA_FILE"
        case clientCertificate = "ISTHMUS_CLIENT_CERT"
        case clientKey = "ISTHMUS_CLIENT_KEY"
        case healthAddress = "ISTHMUS_HEALTH_ADDRESS"
    }

    /// What a file is, for whoever asks for it.
    enum File: Sendable, Equatable {
        case missing
        case unreadable(String)
        case content([UInt8])
    }

    var flags = Flags()
    var environment: [String: String] = [:]
    /// Reads the beginning of a file; `-` is standard input.
    var read: @Sendable (_ path: String) -> File = { _ in .missing }

    /// Returns a variable's value; an empty one counts as not set.
    subscript(variable: Variable) -> String? {
        self.environment[variable.rawValue].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The inputs of the running process.
    static func ofThisProcess(flags: Flags) -> ConnectionInputs {
        ConnectionInputs(flags: flags, environment: ProcessInfo.processInfo.environment) { path in
            guard path == "-" || FileManager.default.fileExists(atPath: path) else { return .missing }
            do {
                let file =
                    path == "-"
                    ? FileHandle.standardInput : try FileHandle(forReadingFrom: URL(filePath: path))
                return .content(Array(try file.read(upToCount: ConnectionSettings.tokenLimit + 1) ?? Data()))
            } catch {
                return .unreadable((error as NSError).localizedDescription)
            }
        }
    }
}
