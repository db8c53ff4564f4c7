/// What was said about etcd's flags, on the command line, in the environment or in the file.
///
/// As in etcd a flag wins over the environment, and a file puts both out of force.
struct EtcdSettings: Sendable {
    /// Why the settings are no good; the process ends with code 1.
    struct Refusal: Error, Hashable, CustomStringConvertible {
        let description: String
    }

    private var values: [String: String] = [:]
    /// What the operator should know about the environment and the file.
    private(set) var warnings: [String] = []

    /// Takes the values of the command line and, where it is silent, of the environment.
    ///
    /// An empty variable counts as none; one that no flag belongs to is only mentioned, because Kubernetes
    /// makes such ones.
    init(_ commandLine: EtcdCommandLine, environment: [String: String]) throws(Refusal) {
        self.values = commandLine.values
        let flags = Dictionary(uniqueKeysWithValues: EtcdFlagTable.flags.map { ($0.environmentName, $0) })
        for (name, value) in environment.sorted(by: { $0.key < $1.key })
        where name.hasPrefix(EtcdFlagTable.environmentPrefix) {
            guard let flag = flags[name] else {
                self.warnings.append("unrecognized environment variable \(name)")
                continue
            }
            guard !value.isEmpty else { continue }
            guard self.values[flag.name] == nil else {
                self.warnings.append("environment variable \(name) is shadowed by --\(flag.name)")
                continue
            }
            if let problem = flag.problem(with: value) {
                throw Refusal(description: "invalid value \"\(value)\" for \(name): \(problem)")
            }
            self.values[flag.name] = value
        }
    }

    /// Takes the values of a file.
    init(file: [String: String]) throws(Refusal) {
        for flag in EtcdFlagTable.flags {
            guard let value = file[flag.name], !["", "null", "~"].contains(value) else { continue }
            if let problem = flag.problem(with: value) {
                throw Refusal(description: "invalid value \"\(value)\" for \(flag.name): \(problem)")
            }
            self.values[flag.name] = value
        }
    }

    /// The file that puts everything else out of force; `nil` when there is none.
    var configFile: String? { self.values["config-file"] }

    /// Whether somebody said something about a flag.
    func isSet(_ name: String) -> Bool { self.values[name] != nil }

    /// The flags that were set and mean nothing here, in the order of the table.
    var ignored: [String] {
        EtcdFlagTable.flags.filter { $0.meaning == .nothing && self.isSet($0.name) }.map { "--" + $0.name }
    }

    /// Checks that nothing is asked for that is not there.
    func checkIsPossible() throws(Refusal) {
        for flag in EtcdFlagTable.flags {
            guard case .refused(let accepted, let reason) = flag.meaning else { continue }
            guard let value = self.values[flag.name], !accepted.contains(value) else { continue }
            if flag.kind == .toggle, EtcdFlag.truth(value) == false { continue }
            throw Refusal(description: "--\(flag.name)=\(value) is not possible: \(reason)")
        }
    }

    // MARK: - Values

    /// The text of a flag: what was said, or what counts otherwise.
    func text(_ name: String) -> String {
        self.values[name] ?? EtcdFlagTable.flag(name)?.standard ?? ""
    }

    /// The texts of a flag that is a comma-separated list; empty when there is nothing.
    func list(_ name: String) -> [String] {
        self.text(name).split(separator: ",").map(String.init)
    }

    /// Whether a flag is on; values were checked when they were read.
    func truth(_ name: String) -> Bool { EtcdFlag.truth(self.text(name)) ?? false }

    /// The number of a flag.
    func number(_ name: String) -> Int { EtcdFlag.number(self.text(name)) ?? 0 }

    /// The duration of a flag.
    func duration(_ name: String) -> Duration { Duration(goText: self.text(name)) ?? .zero }

    /// The URLs of a flag, ascending.
    func urls(_ name: String) -> [EtcdURL] {
        let text = self.text(name)
        // The text was checked when it was read.
        return text.isEmpty ? [] : (try? EtcdURL.list(text)) ?? []
    }
}
