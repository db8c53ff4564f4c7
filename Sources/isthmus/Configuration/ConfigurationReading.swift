import Logging
import MeshResources
import MeshSchema

/// A configuration together with where each of its values came from.
struct EffectiveConfiguration: Sendable {
    /// One value as it was written.
    struct Value: Sendable, Hashable {
        let text: String
        let source: ConfigurationSource
    }

    let serve: ServeConfiguration
    /// The values that are set or have a default.
    let values: [Setting: Value]
}

/// Reads and checks all settings, collecting every problem before it gives up.
struct ConfigurationReading {
    private let layers: ConfigurationLayers
    private let inputs: ConfigurationInputs
    private var problems: [ConfigurationProblem]
    private var values: [Setting: EffectiveConfiguration.Value] = [:]

    /// Reads the configuration.
    ///
    /// - Throws: ``ConfigurationProblems`` with everything that is wrong.
    static func read(
        _ inputs: ConfigurationInputs
    ) async throws(ConfigurationProblems) -> EffectiveConfiguration {
        let (layers, problems) = await ConfigurationLayers.load(inputs)
        var reading = Self(layers: layers, inputs: inputs, problems: problems)
        let configuration = reading.serveConfiguration()
        guard let configuration, reading.problems.isEmpty else {
            throw ConfigurationProblems(problems: reading.problems)
        }
        return EffectiveConfiguration(serve: configuration, values: reading.values)
    }

    private init(layers: ConfigurationLayers, inputs: ConfigurationInputs, problems: [ConfigurationProblem]) {
        self.layers = layers
        self.inputs = inputs
        self.problems = problems
    }

    /// Returns the configuration, or `nil` after noting at least one problem.
    private mutating func serveConfiguration() -> ServeConfiguration? {
        let stateDirectory = self.required(.stateDirectory, Self.path)
        let clusterName = self.required(.clusterName, Self.clusterName)
        let (clusterID, mesh) = self.clusterIdentity()
        let data = self.dataPlane()
        let hasKeyFile = self.given(.pkiKeyFile)
        let pkiKeyFile = hasKeyFile ? self.required(.pkiKeyFile, Self.path) : nil
        let healthListen = self.required(.healthListen, ListenAddress.init)
        let adminListen = self.required(.adminListen, AdminListenAddress.list)
        let hasShareDirectory = self.given(.shareDirectory)
        let shareDirectory = hasShareDirectory ? self.required(.shareDirectory, Self.path) : nil
        self.checkListeners(data?.listen, adminListen ?? [], healthListen)
        let store = self.store()
        let heartbeatInterval = self.required(.heartbeatInterval) { text throws(InvalidValue) in
            try Self.duration(text, in: .seconds(15)...(.seconds(60)), "15s to 60s")
        }
        let logLevel = self.required(.logLevel) { text throws(InvalidValue) in
            try Self.choice(text, Logger.Level.allCases)
        }
        let logFormat = self.required(.logFormat) { text throws(InvalidValue) in
            try Self.choice(text, ServeConfiguration.LogFormat.allCases)
        }
        guard
            let stateDirectory, let clusterName, let clusterID, let mesh, let data, let adminListen,
            let healthListen, let store,
            let heartbeatInterval, let logLevel, let logFormat
        else { return nil }
        return ServeConfiguration(
            stateDirectory: stateDirectory,
            clusterName: clusterName,
            clusterID: clusterID,
            mesh: mesh,
            data: data,
            pkiKeyFile: pkiKeyFile,
            adminListen: adminListen,
            shareDirectory: shareDirectory,
            healthListen: healthListen,
            store: store,
            heartbeatInterval: heartbeatInterval,
            logLevel: logLevel,
            logFormat: logFormat
        )
    }

    private mutating func clusterIdentity() -> (ClusterID?, MaxConnectedClusters?) {
        let mesh = self.required(.maxConnectedClusters) { text throws(InvalidValue) in
            let number = try Self.integer(text)
            return try Self.mapped { () throws(MeshSchemaError) in try MaxConnectedClusters(number) }
        }
        // When the size of the mesh is not known either, only what is wrong in any mesh is said.
        let clusterID = self.required(.clusterID) { text throws(InvalidValue) in
            let number = try Self.integer(text)
            return try Self.mapped { () throws(MeshSchemaError) in
                try ClusterID(number, in: mesh ?? .extended)
            }
        }
        return (clusterID, mesh)
    }

    private mutating func dataPlane() -> ServeConfiguration.DataPlane? {
        let listen = self.required(.dataListen, ListenAddress.init)
        // All of these are read even if one is wrong, so that no problem hides another.
        let hasAdvertise = self.given(.dataAdvertise)
        let advertise = hasAdvertise ? self.required(.dataAdvertise, ClientURL.list) : []
        let tls = self.tls(listen: listen)
        let coreCount = self.inputs.coreCount
        let threads = self.required(.dataThreads, default: "\(coreCount)") { text throws(InvalidValue) in
            try Self.integer(text, in: 1...1_024)
        }
        guard let listen, let advertise, let tls, let threads else { return nil }
        return .init(listen: listen, advertise: advertise, tls: tls, threads: threads)
    }

    private mutating func tls(listen: ListenAddress?) -> ServeConfiguration.TLS? {
        let mode = self.required(.dataTLS) { text throws(InvalidValue) in
            try Self.choice(text, TLSMode.allCases)
        }
        let files: [Setting] = [.dataCertificate, .dataKey, .dataAuthorities]
        switch mode {
        case .files:
            let certificate = self.readableFile(.dataCertificate)
            let key = self.readableFile(.dataKey)
            let authorities = self.readableFile(.dataAuthorities)
            guard let certificate, let key, let authorities else { return nil }
            return .files(certificate: certificate, key: key, authorities: authorities)
        case .auto:
            self.refuse(files, with: .auto)
            return .automatic
        case .off:
            self.refuse(files, with: .off)
            guard let listen, !listen.isLoopback else { return .off }
            self.note(
                .dataTLS,
                "TLS can be off only on a loopback address, and \(listen) is not one: use 127.0.0.1 or [::1]"
            )
            return nil
        case nil:
            return nil
        }
    }

    /// Notes files that would be ignored: a mistake that shows only when a client refuses another
    /// certificate.
    private mutating func refuse(_ files: [Setting], with mode: TLSMode) {
        for file in files where self.given(file) {
            self.note(file, "has no effect with --data-tls \(mode.rawValue): it needs --data-tls files")
        }
    }

    private mutating func readableFile(_ setting: Setting) -> String? {
        let isReadable = self.inputs.isReadable
        let parse = { (text: String) throws(InvalidValue) -> String in
            let path = try Self.path(text)
            guard isReadable(path) else { throw InvalidValue(message: "the file \"\(path)\" cannot be read") }
            return path
        }
        return self.required(setting, parse, missing: "is required with --data-tls files")
    }

    private mutating func store() -> ServeConfiguration.Store? {
        let durability = self.required(.storeDurability) { text throws(InvalidValue) in
            try Self.choice(text, ServeConfiguration.Durability.allCases)
        }
        let interval = self.required(.storeCompactionInterval) { text throws(InvalidValue) in
            try Self.duration(text, in: .seconds(1)...(.seconds(86_400)), "1s to 24h")
        }
        let historyLimit = self.required(.storeHistoryLimit, Self.storeSize)
        let quota = self.required(.storeQuota, Self.storeSize)
        guard let durability, let interval, let historyLimit, let quota else { return nil }
        return .init(
            durability: durability,
            compactionInterval: interval,
            historyLimit: historyLimit,
            quota: quota
        )
    }

    private static func storeSize(_ text: String) throws(InvalidValue) -> ByteCount {
        let size = try self.mapped { () throws(ResourceError) in try ByteCount(text) }
        let range = ByteCount(bytes: 16 << 20)...ByteCount(bytes: 1 << 40)
        guard range.contains(size) else {
            throw InvalidValue(
                message: "\(text) is out of range: it must be \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return size
    }

    private mutating func checkListeners(
        _ data: ListenAddress?,
        _ admin: [AdminListenAddress],
        _ health: ListenAddress?
    ) {
        var taken: [(flag: Setting, address: ListenAddress)] = data.map { [(.dataListen, $0)] } ?? []
        let others = admin.compactMap { address in address.tcp.map { (Setting.adminListen, $0) } }
        for (setting, address) in others + (health.map { [(.healthListen, $0)] } ?? []) {
            let collision = taken.first { other in
                other.address.port == address.port && address.port != 0
                    && (other.address.host == address.host || other.address.isWildcard || address.isWildcard)
            }
            if let collision {
                self.note(setting, "\(address) collides with \(collision.flag.flag) \(collision.address)")
            }
            taken.append((setting, address))
        }
    }

    // MARK: One setting

    private enum TLSMode: String, CaseIterable {
        case auto
        case files
        case off
    }

    /// Whether any source sets the setting.
    ///
    /// A value of the wrong shape counts.
    private func given(_ setting: Setting) -> Bool {
        do throws(ConfigurationProblem) {
            return try self.layers.value(of: setting) != nil
        } catch {
            return true
        }
    }

    /// Reads a setting; notes a problem and returns `nil` if it is missing or wrong.
    private mutating func required<Value>(
        _ setting: Setting,
        default defaultText: String? = nil,
        _ parse: (String) throws(InvalidValue) -> Value,
        missing: String = "is required"
    ) -> Value? {
        do throws(ConfigurationProblem) {
            let standard = (defaultText ?? setting.defaultText).map { ($0, ConfigurationSource.standard) }
            guard let (text, source) = try self.layers.value(of: setting) ?? standard else {
                throw ConfigurationProblem(subject: setting.flag, message: missing)
            }
            do throws(InvalidValue) {
                let value = try parse(text)
                self.values[setting] = .init(text: text, source: source)
                return value
            } catch {
                throw ConfigurationProblem(subject: source.name(of: setting), message: error.message)
            }
        } catch {
            self.problems.append(error)
            return nil
        }
    }

    /// Notes a problem of a setting that is well-formed, under the name by which it was set.
    private mutating func note(_ setting: Setting, _ message: String) {
        var source = ConfigurationSource.standard
        // An error was noted when the setting was read.
        if let value = try? self.layers.value(of: setting) { source = value.source }
        self.problems.append(ConfigurationProblem(subject: source.name(of: setting), message: message))
    }
}

extension ConfigurationProblem: Error {}
