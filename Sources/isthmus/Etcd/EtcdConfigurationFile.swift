import Configuration

/// The file of `--config-file`: YAML with etcd's keys.
enum EtcdConfigurationFile {
    /// Reads what the file says about flags, by their names.
    ///
    /// Keys that no flag belongs to are passed over, as etcd does. Durations may be written as etcd's flags
    /// take them or as whole nanoseconds, which is how etcd itself reads them in a file.
    static func read(_ path: String) async throws(EtcdSettings.Refusal) -> [String: String] {
        let provider: FileProvider<YAMLSnapshot>
        do {
            let location = InMemoryProvider(values: ["filePath": .init(.string(path), isSecret: false)])
            provider = try await FileProvider<YAMLSnapshot>(config: ConfigReader(provider: location))
        } catch {
            throw EtcdSettings.Refusal(description: "cannot read the configuration file \(path): \(error)")
        }
        var values: [String: String] = [:]
        for flag in EtcdFlagTable.flags {
            for key in flag.fileKeys {
                guard values[flag.name] == nil else { break }
                values[flag.name] = try Self.value(AbsoluteConfigKey(key), of: flag, provider)
            }
        }
        return values
    }

    private static func value(
        _ key: AbsoluteConfigKey,
        of flag: EtcdFlag,
        _ provider: FileProvider<YAMLSnapshot>
    ) throws(EtcdSettings.Refusal) -> String? {
        do {
            guard case .string(let text) = try provider.value(forKey: key, type: .string).value?.content
            else { return nil }
            if flag.kind == .duration, let nanoseconds = Int64(text) { return "\(nanoseconds)ns" }
            return text
        } catch {
            // Not a scalar: a list stands for what flags separate by commas.
            let list = try? provider.value(forKey: key, type: .stringArray).value?.content
            guard case .stringArray(let texts) = list else {
                throw EtcdSettings.Refusal(
                    description: "the value of \(flag.name) is neither text nor a list"
                )
            }
            return texts.joined(separator: ",")
        }
    }
}
