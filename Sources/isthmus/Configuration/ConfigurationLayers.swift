import Configuration
import Synchronization

/// Everything from outside that the configuration is made of.
struct ConfigurationInputs: Sendable {
    /// The flags that were given.
    var flags: [Setting: String] = [:]
    /// The environment of the process.
    var environment: [String: String] = [:]
    /// The number of cores of the machine.
    var coreCount = 1
    /// Whether the process may read a file.
    var isReadable: @Sendable (String) -> Bool = { _ in true }
}

/// The sources of values, the first of which wins.
///
/// The providers are asked one by one, not through a `ConfigReader`: that hides which of them had a value and
/// turns a value of the wrong shape into none, and both are what an operator has to see.
struct ConfigurationLayers: Sendable {
    private let layers: [(source: ConfigurationSource, provider: any ConfigProvider)]

    /// Reads the sources, and finds what they have that nobody asks for.
    static func load(_ inputs: ConfigurationInputs) async -> (Self, [ConfigurationProblem]) {
        var problems: [ConfigurationProblem] = []
        var layers: [(source: ConfigurationSource, provider: any ConfigProvider)] = []

        var flags: [AbsoluteConfigKey: ConfigValue] = [:]
        for (setting, text) in inputs.flags where !setting.key.isEmpty {
            flags[AbsoluteConfigKey(setting.key)] = ConfigValue(.string(text), isSecret: false)
        }
        layers.append((.flag, InMemoryProvider(name: "flags", values: flags)))

        let environment = OwnEnvironment(inputs.environment)
        problems += environment.problems
        layers.append(
            (
                .environment,
                EnvironmentVariablesProvider(environmentVariables: environment.values)
                    .prefixKeys(with: ["isthmus"])
            )
        )

        let configSetting = Setting.config
        if let path = inputs.flags[configSetting] {
            await Self.append(path, from: .flag, to: &layers, &problems)
        } else if let path = environment.values[configSetting.environmentName] {
            await Self.append(path, from: .environment, to: &layers, &problems)
        }
        return (Self(layers: layers), problems)
    }

    /// Returns the value that wins and where it came from; `nil` when no source has one.
    ///
    /// A list of the file is returned with commas, as flags and variables write lists.
    func value(
        of setting: Setting
    ) throws(ConfigurationProblem) -> (text: String, source: ConfigurationSource)? {
        let key = AbsoluteConfigKey(setting.key)
        for (source, provider) in self.layers {
            do {
                if case .string(let text) = try provider.value(forKey: key, type: .string).value?.content {
                    return (text, source)
                }
            } catch {
                // The file's value is not a scalar. Only lists are left, and only some settings take them: an
                // error of the second try means that the first one stands.
                let list = try? provider.value(forKey: key, type: .stringArray).value?.content
                if setting == .dataAdvertise, case .stringArray(let texts) = list {
                    return (texts.joined(separator: ","), source)
                }
                throw ConfigurationProblem(
                    subject: source.name(of: setting),
                    message: "the value must be a single value, not a list"
                )
            }
        }
        return nil
    }

    private static func append(
        _ path: String,
        from source: ConfigurationSource,
        to layers: inout [(source: ConfigurationSource, provider: any ConfigProvider)],
        _ problems: inout [ConfigurationProblem]
    ) async {
        let keys = KeyRecorder()
        do {
            // The provider says which keys it has to one place only: whoever decides which of them are
            // secret.
            let provider = try await FileProvider<YAMLSnapshot>(
                parsingOptions: .init(secretsSpecifier: .dynamic { key, _ in keys.record(key) }),
                config: ConfigReader(
                    provider: InMemoryProvider(values: ["filePath": .init(.string(path), isSecret: false)])
                )
            )
            let known = Set(Setting.allCases.map(\.dottedKey))
            for key in keys.sorted where !known.contains(key) && !Self.isEmptySection(key, provider) {
                problems.append(
                    ConfigurationProblem(subject: "\(path): \(key)", message: "there is no such key")
                )
            }
            layers.append((.file(path: path), provider))
        } catch {
            problems.append(
                ConfigurationProblem(
                    subject: source.name(of: .config),
                    message: "the file \"\(path)\" cannot be read as YAML with keys and values: \(error)"
                )
            )
        }
    }

    /// Whether `key` begins known keys and has nothing below it: what is left when all of its lines are
    /// comments.
    private static func isEmptySection(_ key: String, _ provider: FileProvider<YAMLSnapshot>) -> Bool {
        guard Setting.allCases.contains(where: { $0.dottedKey.hasPrefix(key + ".") }) else { return false }
        let components = key.split(separator: ".").map(String.init)
        // An error says that the value is a list, so the section is not empty.
        let content = try? provider.value(forKey: AbsoluteConfigKey(components), type: .string).value?.content
        return content == .string("")
    }
}

/// The variables of the environment that are meant for this program.
private struct OwnEnvironment {
    private(set) var values: [String: String] = [:]
    private(set) var problems: [ConfigurationProblem] = []

    init(_ environment: [String: String]) {
        let known = Set(Setting.allCases.map(\.environmentName))
        let ofClients = Set(ConnectionInputs.Variable.allCases.map(\.rawValue))
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
            guard name.hasPrefix(Setting.environmentPrefix), !Self.isMadeByKubernetes(name) else { continue }
            if known.contains(name) {
                // Whoever writes manifests often cannot leave a variable out, only leave it empty.
                if !value.isEmpty { self.values[name] = value }
            } else if !ofClients.contains(name), name != EncryptionKeyFile.variable {
                self.problems.append(
                    ConfigurationProblem(subject: name, message: "there is no such variable")
                )
            }
        }
    }

    /// Whether Kubernetes sets such a variable in each pod beside a service named `isthmus` or `isthmus-…`.
    private static func isMadeByKubernetes(_ name: String) -> Bool {
        let words = name.split(separator: "_")
        let hasService = words.indices.dropLast().contains { index in
            words[index] == "SERVICE" && (words[index + 1] == "HOST" || words[index + 1] == "PORT")
        }
        // ISTHMUS_PORT, and ISTHMUS_PORT_2379_TCP with what follows it.
        let hasPort = words.indices.contains { index in
            words[index] == "PORT"
                && (index + 1 == words.endIndex || words[index + 1].allSatisfy { $0.isASCII && $0.isNumber })
        }
        return hasService || hasPort
    }
}

/// Remembers the keys of a file.
private final class KeyRecorder: Sendable {
    private let keys = Mutex<Set<String>>([])

    var sorted: [String] { self.keys.withLock { $0.sorted() } }

    /// Notes a key, and says that it is no secret.
    func record(_ key: String) -> Bool {
        self.keys.withLock { _ = $0.insert(key) }
        return false
    }
}
