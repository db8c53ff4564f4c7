import ArgumentParser

/// `isthmus version`: says which program this is.
struct VersionCommand: ParsableCommand {
    /// How the answer is printed.
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case table
        case json
        case yaml
    }

    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    @Option(name: .shortAndLong, help: "table, json or yaml.")
    var output = Output.table

    func run() {
        print(Self.text(self.output))
    }

    static func text(_ output: Output) -> String {
        switch output {
        case .table: "isthmus \(Version.current)"
        case .json: #"{"name":"isthmus","version":"\#(Version.current)"}"#
        case .yaml: "name: isthmus\nversion: \(Version.current)"
        }
    }
}

/// Which program this is.
enum Version {
    /// The version of the program, by the rules of semantic versioning.
    static let current = "0.1.0"
}
