import Configuration
import FoundationEssentials
import Logging
import MeshResources
import MeshSchema
import Testing

@testable import isthmus

@Suite struct ConfigurationTests {
    /// The least that is needed.
    private static let least: [Setting: String] = [.clusterName: "east", .clusterID: "7"]

    private func read(
        _ flags: [Setting: String],
        environment: [String: String] = [:]
    ) async throws(ConfigurationProblems) -> EffectiveConfiguration {
        try await ConfigurationReading.read(
            ConfigurationInputs(
                flags: flags,
                environment: environment,
                coreCount: 3,
                isReadable: { !$0.hasPrefix("/unreadable") }
            )
        )
    }

    /// What is wrong with a configuration.
    private func problems(_ flags: [Setting: String], environment: [String: String] = [:]) async -> [String] {
        do throws(ConfigurationProblems) {
            _ = try await self.read(flags, environment: environment)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    /// Runs `body` with the path of a temporary file.
    private func withFile<Result>(
        _ content: String,
        _ body: (String) async throws -> Result
    ) async throws -> Result {
        let url = FileManager.default.temporaryDirectory.appending(path: "isthmus-\(UUID().uuidString).yaml")
        try Data(content.utf8).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        return try await body(url.path)
    }

    @Test func theDefaultsAreThoseOfTheContract() async throws {
        let configuration = try await self.read(Self.least).serve
        #expect(
            configuration
                == ServeConfiguration(
                    stateDirectory: "/var/lib/isthmus",
                    clusterName: try ClusterName("east"),
                    clusterID: try ClusterID(7, in: .standard),
                    mesh: .standard,
                    data: .init(
                        listen: try ListenAddress("0.0.0.0:2379"),
                        advertise: [],
                        tls: .automatic,
                        threads: 3
                    ),
                    adminListen: [.https(try ListenAddress("0.0.0.0:8443"))],
                    healthListen: try ListenAddress("0.0.0.0:9880"),
                    store: .init(
                        durability: .relaxed,
                        compactionInterval: .seconds(300),
                        historyLimit: ByteCount(bytes: 1 << 30),
                        quota: ByteCount(bytes: 4 << 30)
                    ),
                    heartbeatInterval: .seconds(30),
                    logLevel: .info,
                    logFormat: .json
                )
        )
    }

    @Test func flagsWinOverTheEnvironmentAndTheEnvironmentOverTheFile() async throws {
        let file = """
            stateDir: /from/file
            cluster:
              name: file
              id: 3
            maxConnectedClusters: 511
            log: {level: error}
            """
        try await self.withFile(file) { path in
            let configuration = try await self.read(
                [.config: path, .clusterName: "flag"],
                environment: ["ISTHMUS_CLUSTER_NAME": "environment", "ISTHMUS_CLUSTER_ID": "400"]
            )
            #expect(configuration.serve.clusterName.rawValue == "flag")
            #expect(configuration.serve.clusterID.rawValue == 400)
            #expect(configuration.serve.stateDirectory == "/from/file")
            #expect(configuration.serve.logLevel == .error)
            #expect(configuration.values[.clusterName] == .init(text: "flag", source: .flag))
            #expect(configuration.values[.clusterID] == .init(text: "400", source: .environment))
            #expect(configuration.values[.logLevel] == .init(text: "error", source: .file(path: path)))
            #expect(configuration.values[.logFormat] == .init(text: "json", source: .standard))
        }
    }

    @Test func everySettingCanBeSetInEverySource() async throws {
        let texts: [Setting: String] = [
            .stateDirectory: "/s", .clusterName: "west", .clusterID: "300", .maxConnectedClusters: "511",
            .dataListen: "127.0.0.1:1", .dataAdvertise: "https://a:1,https://b:2", .dataTLS: "files",
            .dataCertificate: "/c", .dataKey: "/k", .dataAuthorities: "/a", .dataThreads: "2",
            .adminListen: "http://127.0.0.1:8", .shareDirectory: "/d", .healthListen: ":9",
            .storeDurability: "strict", .storeCompactionInterval: "1h", .storeQuota: "1Gi",
            .storeHistoryLimit: "64Mi", .pkiKeyFile: "/v",
            .heartbeatInterval: "15s", .logLevel: "trace", .logFormat: "text",
        ]
        #expect(Set(texts.keys).union([.config]) == Set(Setting.allCases))

        let byFlags = try await self.read(texts)
        let byEnvironment = try await self.read(
            [:],
            environment: Dictionary(uniqueKeysWithValues: texts.map { ($0.environmentName, $1) })
        )
        let lines = texts.map { "\($0.dottedKey): \"\($1)\"\n" }.sorted().joined()
        let byFile = try await self.withFile(lines) { path in try await self.read([.config: path]) }
        #expect(byFlags.serve == byEnvironment.serve)
        #expect(byFlags.serve == byFile.serve)
        #expect(byFlags.serve.data.tls == .files(certificate: "/c", key: "/k", authorities: "/a"))
        #expect(byFlags.serve.data.advertise == ["https://a:1", "https://b:2"])
        for setting in texts.keys {
            #expect(byEnvironment.values[setting]?.source == .environment)
            #expect(byFlags.values[setting]?.source == .flag)
        }
    }

    @Test func theFileCanBeNamedByTheEnvironmentAndHoldALists() async throws {
        let file = "cluster: {name: east, id: 1}\ndata:\n  advertise:\n    - https://a:1\n    - https://b:2\n"
        try await self.withFile(file) { path in
            let configuration = try await self.read([:], environment: ["ISTHMUS_CONFIG": path])
            #expect(configuration.serve.data.advertise == ["https://a:1", "https://b:2"])
        }
    }

    @Test func sectionsThatAreCommentedOutAreEmpty() async throws {
        try await self.withFile("cluster: {name: east, id: 1}\nlog:\n  # level: debug\n") { path in
            let configuration = try await self.read([.config: path])
            #expect(configuration.serve.logLevel == .info)
        }
    }

    @Test func allProblemsAreReportedAtOnce() async {
        let problems = await self.problems(
            [
                .clusterID: "0", .maxConnectedClusters: "300", .dataListen: "2379", .dataTLS: "none",
                .dataThreads: "0",
                .storeDurability: "fsync", .storeCompactionInterval: "5", .storeQuota: "1Mi",
                .storeHistoryLimit: "1Ki",
                .heartbeatInterval: "2m",
            ],
            environment: ["ISTHMUS_LOG_LEVEL": "loud", "ISTHMUS_LOG_FORMAT": "xml", "ISTHMUS_TYPO": "1"]
        )
        #expect(
            problems == [
                "ISTHMUS_TYPO: there is no such variable",
                "--cluster-name: is required",
                "--max-connected-clusters: a mesh of 300 clusters is not possible: "
                    + "the maximum of connected clusters is 255 or 511, and the same in each cluster of "
                    + "the mesh",
                "--cluster-id: the cluster id 0 is reserved for clusters outside a mesh: choose an id from 1",
                "--data-listen: \"2379\" has no port: write host:port, [v6]:port or :port",
                "--data-tls: \"none\" is not known: it must be auto, files or off",
                "--data-threads: 0 is out of range: it must be 1 to 1024",
                "--store-durability: \"fsync\" is not known: it must be strict, relaxed or memory",
                "--store-compaction-interval: \"5\" is not a duration: write whole numbers with h, m, s "
                    + "or ms, for example 30s or 1h30m",
                "--store-history-limit: 1Ki is out of range: it must be 16Mi to 1Ti",
                "--store-quota: 1Mi is out of range: it must be 16Mi to 1Ti",
                "--heartbeat-interval: 2m is out of range: it must be 15s to 60s",
                "ISTHMUS_LOG_LEVEL: \"loud\" is not known: it must be trace, debug, info, notice, warning, "
                    + "error or critical",
                "ISTHMUS_LOG_FORMAT: \"xml\" is not known: it must be json or text",
            ]
        )
    }

    @Test func unknownKeysOfTheFileAreProblems() async throws {
        let file = """
            cluster: {name: east, id: 1, color: blue}
            data: {lsten: ":1"}
            log: {level: {deep: 1}}
            health: yes
            config: other.yaml
            """
        try await self.withFile(file) { path in
            let keys = ["cluster.color", "config", "data.lsten", "health", "log.level.deep"]
            #expect(
                await self.problems([.config: path]) == keys.map { "\(path): \($0): there is no such key" }
            )
        }
    }

    @Test func aFileThatCannotBeReadIsAProblem() async throws {
        let missing = await self.problems(Self.least.merging([.config: "/nowhere/isthmus.yaml"]) { $1 })
        #expect(missing.count == 1)
        #expect(
            missing.first?.hasPrefix("--config: the file \"/nowhere/isthmus.yaml\" cannot be read") == true
        )
        for content in ["", "- a\n- b\n", "a: [", "a: 1\na: 2\n", "cluster: {name: [[x]]}\n"] {
            try await self.withFile(content) { path in
                let problems = await self.problems(Self.least, environment: ["ISTHMUS_CONFIG": path])
                #expect(problems.count == 1)
                #expect(
                    problems.first?.hasPrefix("ISTHMUS_CONFIG: the file \"\(path)\" cannot be read") == true
                )
            }
        }
    }

    @Test func aListWhereOneValueBelongsIsAProblem() async throws {
        try await self.withFile("cluster: {name: [a, b], id: 1}\n") { path in
            #expect(
                await self.problems([.config: path])
                    == ["\(path): cluster.name: the value must be a single value, not a list"]
            )
        }
    }

    @Test func theNameOfTheFileIsTheOneThatWasGiven() async throws {
        try await self.withFile("cluster: {name: EAST, id: 1}\n") { path in
            let problems = await self.problems([.config: path])
            #expect(
                problems.first?.hasPrefix("\(path): cluster.name: the cluster name \"EAST\" is not valid")
                    == true
            )
        }
    }

    @Test(arguments: [
        "ISTHMUS_SERVICE_HOST", "ISTHMUS_SERVICE_PORT", "ISTHMUS_SERVICE_PORT_KVSTORE", "ISTHMUS_PORT",
        "ISTHMUS_PORT_2379_TCP", "ISTHMUS_PORT_2379_TCP_ADDR", "ISTHMUS_EAST_SERVICE_HOST",
        "ISTHMUS_EAST_PORT",
        "ISTHMUS_EAST_PORT_9880_TCP_PROTO", "OTHER_VARIABLE",
    ])
    func variablesOfKubernetesServicesAreNotOurs(name: String) async {
        #expect(await self.problems(Self.least, environment: [name: "tcp://10.96.0.1:2379"]).isEmpty)
    }

    @Test func emptyVariablesAreNotSet() async throws {
        let configuration = try await self.read(Self.least, environment: ["ISTHMUS_LOG_LEVEL": ""])
        #expect(configuration.values[.logLevel]?.source == .standard)
    }

    @Test func everyNameFollowsFromTheFlag() throws {
        for setting in Setting.allCases where setting != .config {
            // The library makes the variable's name from the key; ours is made from the flag.
            let provider = EnvironmentVariablesProvider(environmentVariables: [setting.environmentName: "x"])
                .prefixKeys(with: ["isthmus"])
            #expect(
                try provider.value(forKey: .init(setting.key), type: .string).value?.content == .string("x")
            )
        }
    }
}
