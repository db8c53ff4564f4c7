import Logging

extension EtcdConfiguration {
    /// Checks the settings as etcd does (`server/embed/config.go`), and makes a configuration of them.
    init(_ settings: EtcdSettings) throws(EtcdSettings.Refusal) {
        try settings.checkIsPossible()
        self.name = settings.text("name")
        self.dataDirectory = settings.text("data-dir")
        self.warnings = settings.warnings
        if self.dataDirectory.isEmpty {
            self.dataDirectory = "\(self.name).etcd"
            self.warnings.append("'data-dir' was empty; using default \(self.dataDirectory)")
        }
        self.security = Security(settings)
        self.clientURLs = settings.urls("listen-client-urls") + settings.urls("listen-client-http-urls")
        self.metricsURLs = settings.urls("listen-metrics-urls")
        self.advertisedClientURLs = try Self.advertisedURLs(settings)
        self.peerURLs = try Self.peerURLs(settings)
        self.token = settings.text("initial-cluster-token")
        self.tokens = try TokenOptions(settings.text("auth-token"))
        self.store = try Store(settings)
        self.limits = Limits(settings, &self.warnings)
        self.log = try Log(settings)
        self.servesGateway = settings.truth("enable-grpc-gateway")
        self.ignoredFlags = settings.ignored
        for url in self.clientURLs + self.metricsURLs {
            guard url.isBindable else {
                throw .init(description: "expected IP in URL for binding (\(url))")
            }
            if url.isSecure { try self.security.check(url) }
        }
    }

    private static func advertisedURLs(
        _ settings: EtcdSettings
    ) throws(EtcdSettings.Refusal) -> [EtcdURL] {
        guard !settings.isSet("listen-client-urls") || settings.isSet("advertise-client-urls") else {
            throw .init(
                description: "--advertise-client-urls is required when --listen-client-urls is set explicitly"
            )
        }
        return settings.urls("advertise-client-urls")
    }

    /// Returns the member's peer URLs, which the initial cluster says if there is one.
    ///
    /// - Throws: Why that is not a cluster of this member alone.
    private static func peerURLs(_ settings: EtcdSettings) throws(EtcdSettings.Refusal) -> [EtcdURL] {
        let advertised = settings.urls("initial-advertise-peer-urls")
        let name = settings.text("name")
        let text = settings.text("initial-cluster")
        guard !text.isEmpty else { return advertised }
        var members: [String: [String]] = [:]
        for item in text.split(separator: ",") {
            let parts = item.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                throw .init(description: "empty URL given for \"\(item)\" in --initial-cluster")
            }
            members[parts[0], default: []].append(parts[1])
        }
        guard let own = members[name] else {
            throw .init(
                description: "couldn't find local name \"\(name)\" in the initial cluster configuration"
            )
        }
        guard members.count == 1 else {
            throw .init(
                description: "--initial-cluster names \(members.count) members; isthmus is a cluster of one"
            )
        }
        let urls: [EtcdURL]
        do throws(InvalidValue) {
            urls = try EtcdURL.list(own.joined(separator: ","))
        } catch {
            throw .init(description: error.message)
        }
        guard Set(urls.map(\.resolved)) == Set(advertised.map(\.resolved)) else {
            let list = advertised.map(\.description).joined(separator: ",")
            throw .init(
                description: "--initial-cluster has \(text) but --initial-advertise-peer-urls is \(list)"
            )
        }
        return urls
    }
}

extension EtcdConfiguration.Security {
    init(_ settings: EtcdSettings) {
        func file(_ name: String) -> String? {
            let path = settings.text(name)
            return path.isEmpty ? nil : path
        }
        self.certificateFile = file("cert-file")
        self.keyFile = file("key-file")
        self.authoritiesFile = file("trusted-ca-file")
        self.revocationFile = file("client-crl-file")
        self.identifiesByCertificate = settings.truth("client-cert-auth")
        self.allowedHosts = settings.list("client-cert-allowed-hostname")
        self.isAutomatic = settings.truth("auto-tls") && self.certificateFile == nil
        self.years = settings.number("self-signed-cert-validity")
        self.tls = TLSDemands(
            minimumVersion: settings.text("tls-min-version"),
            maximumVersion: settings.text("tls-max-version"),
            cipherSuites: settings.list("cipher-suites")
        )
    }

    func check(_ url: EtcdURL) throws(EtcdSettings.Refusal) {
        guard self.isAutomatic || (self.certificateFile != nil && self.keyFile != nil) else {
            throw .init(
                description: """
                    TLS key/cert (--cert-file, --key-file) must be provided for client url \(url) with \
                    HTTPS scheme
                    """
            )
        }
    }
}

extension EtcdConfiguration.Store {
    /// etcd's quota when none is given, in bytes.
    private static let standardQuotaBytes = 2 << 30

    init(_ settings: EtcdSettings) throws(EtcdSettings.Refusal) {
        self.isSynced = !settings.truth("unsafe-no-fsync")
        let quota = settings.number("quota-backend-bytes")
        self.quotaBytes = quota == 0 ? Self.standardQuotaBytes : max(0, quota)
        let retention = settings.text("auto-compaction-retention")
        let mode = settings.text("auto-compaction-mode")
        let refusal = EtcdSettings.Refusal(description: "error parsing CompactionRetention: \"\(retention)\"")
        self.keptRevisions = 0
        switch mode {
        case "periodic":
            self.compactsByRevision = false
            if let hours = Int(retention) {
                self.compactionInterval = .seconds(hours * 3_600)
            } else if let duration = Duration(goText: retention) {
                self.compactionInterval = duration
            } else {
                throw refusal
            }
        case "revision":
            guard let revisions = Int64(retention), revisions >= 0 else { throw refusal }
            self.compactsByRevision = true
            self.keptRevisions = revisions
            // etcd looks every five minutes.
            self.compactionInterval = revisions > 0 ? .seconds(300) : .zero
        default: throw .init(description: "unknown auto-compaction-mode \"\(mode)\"")
        }
        guard self.compactionInterval >= .zero else { throw refusal }
    }
}

extension EtcdConfiguration.Limits {
    /// etcd has no limit by default; beyond this many streams a client has lost its way.
    private static let mostStreams = 100_000
    /// Never, as far as a process lives.
    private static let never = Duration.seconds(1 << 30)

    init(_ settings: EtcdSettings, _ warnings: inout [String]) {
        self.operations = settings.number("max-txn-ops")
        self.requestBytes = settings.number("max-request-bytes")
        let streams = settings.number("max-concurrent-streams")
        self.streams = streams == 0 ? Self.mostStreams : min(streams, Self.mostStreams)
        let interval = settings.duration("grpc-keepalive-interval")
        let timeout = settings.duration("grpc-keepalive-timeout")
        let isPinging = interval > .zero && timeout > .zero
        self.keepaliveInterval = isPinging ? interval : Self.never
        self.keepaliveTimeout = isPinging ? timeout : Self.never
        let progress = "watch-progress-notify-interval"
        self.progressInterval = settings.duration(
            settings.isSet(progress) ? progress : "experimental-" + progress
        )
        if self.progressInterval <= .zero { self.progressInterval = .seconds(600) }
        self.tokenTimeToLive = .seconds(settings.number("auth-token-ttl"))
        if self.tokenTimeToLive <= .zero { self.tokenTimeToLive = .seconds(300) }
        self.bcryptCost = settings.number("bcrypt-cost")
        if (17...31).contains(self.bcryptCost) {
            warnings.append("a bcrypt cost of \(self.bcryptCost) would take minutes a login; 16 is used")
            self.bcryptCost = 16
        } else if !(4...16).contains(self.bcryptCost) {
            warnings.append("use default bcrypt cost 10 instead of the invalid given cost \(self.bcryptCost)")
            self.bcryptCost = 10
        }
    }
}

extension EtcdConfiguration.Log {
    init(_ settings: EtcdSettings) throws(EtcdSettings.Refusal) {
        guard settings.text("logger") == "zap" else {
            throw .init(description: "unknown logger option \"\(settings.text("logger"))\"")
        }
        switch settings.text("log-level") {
        case "debug": self.level = .debug
        case "info": self.level = .info
        case "warn": self.level = .warning
        case "error": self.level = .error
        case "dpanic", "panic", "fatal": self.level = .critical
        default: throw .init(description: "unrecognized level: \"\(settings.text("log-level"))\"")
        }
        self.isConsole = settings.text("log-format") == "console"
        let outputs = settings.list("log-outputs")
        guard !outputs.contains("default") || outputs.count == 1 else {
            throw .init(description: "multi logoutput for \"default\" is not supported yet")
        }
        self.outputs = outputs == ["default"] || outputs.isEmpty ? ["stderr"] : outputs
    }
}
