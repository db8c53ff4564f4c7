import PKI
import Persistence
import Testing

@testable import isthmus

@Suite struct EtcdConfigurationTests {
    private static func read(
        _ arguments: [String],
        environment: [String: String] = [:]
    ) throws -> EtcdConfiguration {
        let settings = try EtcdSettings(EtcdCommandLine(arguments), environment: environment)
        return try EtcdConfiguration(settings)
    }

    private static func refusal(_ arguments: [String]) -> String? {
        do {
            _ = try Self.read(arguments)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func withoutASayEverythingIsAsInEtcd() throws {
        let configuration = try Self.read([])
        #expect(configuration.name == "default")
        #expect(configuration.dataDirectory == "default.etcd")
        #expect(configuration.clientURLs.map(\.description) == ["http://localhost:2379"])
        #expect(configuration.peerURLs.map(\.description) == ["http://localhost:2380"])
        #expect(configuration.store.isSynced)
        #expect(configuration.store.quotaBytes == 2_147_483_648)
        #expect(configuration.store.compactionInterval == .zero)
        #expect(configuration.limits.operations == 128)
        #expect(configuration.limits.keepaliveInterval == .seconds(7_200))
        #expect(configuration.tokens == .simple)
        #expect(configuration.ignoredFlags.isEmpty)
    }

    @Test func aFlagWinsOverAVariableAndAnEmptyOneIsNone() throws {
        let environment = [
            "ETCD_NAME": "b", "ETCD_QUOTA_BACKEND_BYTES": "-1", "ETCD_BCRYPT_COST": "", "ETCD_X": "1",
        ]
        let configuration = try Self.read(["--name=a"], environment: environment)
        #expect(configuration.name == "a")
        #expect(configuration.dataDirectory == "a.etcd")
        #expect(configuration.store.quotaBytes == 0)
        #expect(configuration.limits.bcryptCost == 10)
        #expect(configuration.warnings.count == 3)
        #expect(throws: EtcdSettings.Refusal.self) {
            try Self.read([], environment: ["ETCD_MAX_TXN_OPS": "many"])
        }
    }

    @Test func aFileSpeaksAlone() throws {
        let settings = try EtcdSettings(file: ["name": "f", "wal-dir": "", "log-level": "null"])
        let configuration = try EtcdConfiguration(settings)
        #expect(configuration.name == "f")
        #expect(configuration.log.level == .info)
        #expect(configuration.ignoredFlags.isEmpty)
        #expect(EtcdFlagTable.flag("cert-file")?.fileKeys == [["client-transport-security", "cert-file"]])
        #expect(
            EtcdFlagTable.flag("peer-cert-file")?.fileKeys.first == ["peer-transport-security", "cert-file"]
        )
    }

    @Test(
        arguments: [
            ("periodic", "1", 3_600, 0), ("periodic", "5m", 300, 0), ("periodic", "0", 0, 0),
            ("revision", "1000", 300, 1_000), ("revision", "0", 0, 0),
        ] as [(String, String, Int, Int64)]
    )
    func retention(mode: String, text: String, seconds: Int, revisions: Int64) throws {
        let store = try Self.read(["--auto-compaction-mode", mode, "--auto-compaction-retention", text]).store
        #expect(store.compactionInterval == .seconds(seconds))
        #expect(store.keptRevisions == revisions)
        #expect(store.compactsByRevision == (mode == "revision"))
    }

    @Test func whatMeansNothingIsListedOnce() throws {
        let configuration = try Self.read([
            "--peer-cert-file=x", "--wal-dir=w", "--peer-cert-file=y", "--name=a",
        ])
        #expect(configuration.ignoredFlags == ["--wal-dir", "--peer-cert-file"])
    }

    @Test(
        arguments: [
            ["--initial-cluster=default=http://localhost:2380,b=http://127.0.0.1:1"],
            ["--initial-cluster=b=http://localhost:2380"],
            ["--initial-cluster=default=http://127.0.0.1:1"],
            ["--listen-client-urls=http://127.0.0.1:1"],
            ["--discovery=x"], ["--enable-v2"], ["--log-level=loud"], ["--log-outputs=default,stderr"],
            ["--auto-compaction-retention=-1"], ["--auth-token=jwt,sign-method=RS256,sign-method=RS256"],
            ["--auth-token=jwt,sign-method=RS256,ttl=never"], ["--auth-token="],
        ]
    )
    func refusals(arguments: [String]) {
        #expect(Self.refusal(arguments) != nil)
    }

    @Test func theInitialClusterSaysThePeerURLs() throws {
        let configuration = try Self.read([
            "--name=n", "--initial-cluster=n=http://localhost:1,n=http://127.0.0.2:1",
            "--initial-advertise-peer-urls=http://127.0.0.2:1,http://127.0.0.1:1",
        ])
        #expect(configuration.peerURLs.map(\.description) == ["http://127.0.0.2:1", "http://localhost:1"])
    }

    @Test func whatIsOffIsNotRefused() throws {
        #expect(Self.refusal(["--proxy=off", "--enable-v2=false", "--discovery="]) == nil)
    }

    @Test func tokensOfTheWeb() throws {
        let configuration = try Self.read([
            "--auth-token=jwt,sign-method=ES384,priv-key=/k,pub-key=/p,ttl=10m"
        ])
        #expect(
            configuration.tokens
                == .webTokens(
                    WebTokenOptions(
                        algorithm: .es384,
                        privateKeyFile: "/k",
                        publicKeyFile: "/p",
                        timeToLive: .seconds(600)
                    )
                )
        )
    }

    /// Taken from real etcd 3.5.
    @Test func theIdentifiersAreThoseOfEtcd() throws {
        let identity = try StoreIdentity(
            peerURLs: EtcdURL.list("http://127.0.0.1:23800"),
            token: "etcd-cluster"
        )
        #expect(identity.memberID == 3_319_814_642_761_637_952)
        #expect(identity.clusterID == 324_952_591_200_643_719)
    }
}

@Suite struct EtcdURLTests {
    @Test func listsAreInOrderWithoutRepetition() throws {
        let urls = try EtcdURL.list("https://b:2, http://a:1,https://b:2,unix://sock")
        #expect(urls.map(\.description) == ["http://a:1", "https://b:2", "unix://sock"])
        #expect(urls.map(\.isSecure) == [false, true, false])
    }

    @Test(arguments: ["", "a:1", "ftp://a:1", "http://a", "http://a:1/", "http://a:1/p", "http://a:b", ","])
    func otherTextsAreRefused(text: String) {
        #expect(throws: InvalidValue.self) { try EtcdURL.list(text) }
    }

    @Test func wildcardsAndLocalhostAreWhatGoBindsTo() throws {
        let expected = [
            ("http://0.0.0.0:1", "[::]:1"), ("http://localhost:2", "127.0.0.1:2"),
            ("http://[::1]:3", "[::1]:3"),
        ]
        for (text, address) in expected {
            let url = try EtcdURL(text)
            #expect(url.isBindable)
            #expect(try url.socketAddress(hasIPv6: true).text == address)
        }
        #expect(try EtcdURL("http://0.0.0.0:1").socketAddress(hasIPv6: false).text == "0.0.0.0:1")
        #expect(try !EtcdURL("http://example.org:1").isBindable)
    }
}
