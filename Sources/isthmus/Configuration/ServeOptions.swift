import ArgumentParser

/// The flags of `serve`.
///
/// All are text here: their values are checked together with those of the other sources.
struct ServeOptions: ParsableArguments {
    @Option(help: Self.help(.config), completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @Option(help: Self.help(.stateDirectory), completion: .directory)
    var stateDir: String?

    @Option(help: Self.help(.clusterName))
    var clusterName: String?

    @Option(help: Self.help(.clusterID))
    var clusterId: String?

    @Option(help: Self.help(.maxConnectedClusters), completion: .list(["255", "511"]))
    var maxConnectedClusters: String?

    @Option(help: Self.help(.dataListen))
    var dataListen: String?

    @Option(help: Self.help(.dataAdvertise))
    var dataAdvertise: String?

    @Option(help: Self.help(.dataTLS), completion: .list(["auto", "files", "off"]))
    var dataTls: String?

    @Option(help: Self.help(.dataCertificate), completion: .file())
    var dataCert: String?

    @Option(help: Self.help(.dataKey), completion: .file())
    var dataKey: String?

    @Option(help: Self.help(.dataAuthorities), completion: .file())
    var dataCa: String?

    @Option(help: Self.help(.dataThreads))
    var dataThreads: String?

    @Option(help: Self.help(.pkiKeyFile), completion: .file())
    var pkiKeyFile: String?

    @Option(help: Self.help(.adminListen))
    var adminListen: String?

    @Option(help: Self.help(.shareDirectory), completion: .directory)
    var shareDir: String?

    @Option(help: Self.help(.healthListen))
    var healthListen: String?

    @Option(help: Self.help(.storeDurability), completion: .list(["strict", "relaxed", "memory"]))
    var storeDurability: String?

    @Option(help: Self.help(.storeCompactionInterval))
    var storeCompactionInterval: String?

    @Option(help: Self.help(.storeHistoryLimit))
    var storeHistoryLimit: String?

    @Option(help: Self.help(.storeQuota))
    var storeQuota: String?

    @Option(help: Self.help(.heartbeatInterval))
    var heartbeatInterval: String?

    @Option(help: Self.help(.logLevel))
    var logLevel: String?

    @Option(help: Self.help(.logFormat), completion: .list(["json", "text"]))
    var logFormat: String?

    /// The flags that were given.
    var flags: [Setting: String] {
        let all: [Setting: String?] = [
            .config: self.config,
            .stateDirectory: self.stateDir,
            .clusterName: self.clusterName,
            .clusterID: self.clusterId,
            .maxConnectedClusters: self.maxConnectedClusters,
            .dataListen: self.dataListen,
            .dataAdvertise: self.dataAdvertise,
            .dataTLS: self.dataTls,
            .dataCertificate: self.dataCert,
            .dataKey: self.dataKey,
            .dataAuthorities: self.dataCa,
            .dataThreads: self.dataThreads,
            .pkiKeyFile: self.pkiKeyFile,
            .adminListen: self.adminListen,
            .shareDirectory: self.shareDir,
            .healthListen: self.healthListen,
            .storeDurability: self.storeDurability,
            .storeCompactionInterval: self.storeCompactionInterval,
            .storeHistoryLimit: self.storeHistoryLimit,
            .storeQuota: self.storeQuota,
            .heartbeatInterval: self.heartbeatInterval,
            .logLevel: self.logLevel,
            .logFormat: self.logFormat,
        ]
        return all.compactMapValues { $0 }
    }

    private static func help(_ setting: Setting) -> ArgumentHelp {
        let standard = setting.defaultText.map { " (default: \($0))" } ?? ""
        return ArgumentHelp("\(setting.summary)\(standard)", valueName: setting.valueName)
    }
}
