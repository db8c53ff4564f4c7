import AdminClient
import Testing

@testable import isthmus

@Suite struct ConnectionSettingsTests {
    private func settings(
        _ flags: ConnectionInputs.Flags = .init(),
        environment: [String: String] = [:],
        files: [String: String] = [:]
    ) throws -> ConnectionSettings {
        try ConnectionSettings(
            ConnectionInputs(flags: flags, environment: environment) { path in
                files[path].map { .content(Array($0.utf8)) } ?? .missing
            }
        )
    }

    private static let local = [
        ".isthmus/token": "ist_a_local\n", ".isthmus/admin-address": "http://127.0.0.1:8080\n",
        ".isthmus/pki/ca.crt": "PEM",
    ]

    /// What is said when the settings are wrong.
    private func failure(_ body: () throws -> ConnectionSettings) -> String? {
        do {
            _ = try body()
            return nil
        } catch {
            let failure = CommandFailure.from(error)
            #expect(failure.status == .usage)
            return failure.description
        }
    }

    @Test func withoutAnythingTheServerOnThisMachineIsAskedWithoutAToken() throws {
        let settings = try self.settings()
        #expect(settings.address.description == "https://127.0.0.1:8443")
        #expect(settings.token == nil)
        #expect(settings.identity == TLSIdentity())
    }

    @Test func flagsWinOverTheEnvironment() throws {
        let environment = [
            "ISTHMUS_ADDRESS": "https://env:1", "ISTHMUS_TOKEN": "envtoken", "ISTHMUS_CA_FILE": "env.crt",
            "ISTHMUS_CLIENT_CERT": "env.pem", "ISTHMUS_CLIENT_KEY": "env.key",
        ]
        let fromEnvironment = try self.settings(environment: environment)
        #expect(fromEnvironment.address.description == "https://env:1")
        #expect(fromEnvironment.token == "envtoken")
        let certificate = TLSIdentity.Certificate(chain: "env.pem", key: "env.key")
        #expect(fromEnvironment.identity == TLSIdentity(authorities: "env.crt", certificate: certificate))

        var flags = ConnectionInputs.Flags(address: "https://flag:2", tokenFile: "t", caFile: "flag.crt")
        flags.clientCertificate = "flag.pem"
        flags.clientKey = "flag.key"
        let fromFlags = try self.settings(flags, environment: environment, files: ["t": "flagtoken\n"])
        #expect(fromFlags.address.description == "https://flag:2")
        #expect(fromFlags.token == "flagtoken")
        let other = TLSIdentity.Certificate(chain: "flag.pem", key: "flag.key")
        #expect(fromFlags.identity == TLSIdentity(authorities: "flag.crt", certificate: other))
    }

    @Test func theStateDirectoryGivesWhatIsMissing() throws {
        let settings = try self.settings(files: Self.local)
        #expect(settings.address.description == "http://127.0.0.1:8080")
        #expect(settings.token == "ist_a_local")
        #expect(settings.identity == TLSIdentity(authorities: ".isthmus/pki/ca.crt"))

        let named = try self.settings(
            .init(stateDirectory: "/s"),
            environment: ["ISTHMUS_STATE_DIR": "/other"],
            files: ["/s/token": "named", "/other/token": "other"]
        )
        #expect(named.address.description == "https://127.0.0.1:8443")
        #expect(named.token == "named")
    }

    @Test func theTokenLyingAroundGoesToNoOtherServer() throws {
        let settings = try self.settings(.init(address: "https://elsewhere:1"), files: Self.local)
        #expect(settings.token == nil)
        #expect(settings.identity.authorities == nil)
        let fromEnvironment = try self.settings(
            environment: ["ISTHMUS_ADDRESS": "https://elsewhere:1"],
            files: Self.local
        )
        #expect(fromEnvironment.token == nil)
    }

    @Test func aClientCertificateNeedsNoTokenOfTheStateDirectory() throws {
        let flags = ConnectionInputs.Flags(
            clientCertificate: "a.crt",
            clientKey: "a.key",
            stateDirectory: ".isthmus"
        )
        #expect(try self.settings(flags, files: Self.local).token == nil)
    }

    @Test func secretsDoNotLeaveTheMachineInClearText() throws {
        let flags = ConnectionInputs.Flags(address: "http://10.0.0.1:80", tokenFile: "t")
        let message = try #require(self.failure { try self.settings(flags, files: ["t": "secret-token"]) })
        #expect(message.contains("http://10.0.0.1:80"))
        #expect(!message.contains("secret-token"))
        #expect(try self.settings(.init(address: "http://10.0.0.1:80")).token == nil)
        #expect(
            try self.settings(.init(address: "http://127.0.0.1:80", tokenFile: "t"), files: ["t": "x"]).token
                == "x"
        )
    }

    @Test(arguments: ["", "\n", "two words", "line\nline", "é", String(repeating: "a", count: 5_000)])
    func whatIsNoTokenIsRefusedAndNotShown(text: String) throws {
        let message = try #require(
            self.failure { try self.settings(.init(tokenFile: "t"), files: ["t": text]) }
        )
        #expect(message == "what is in t is not a token")
        guard !text.isEmpty else { return }
        #expect(
            self.failure { try self.settings(environment: ["ISTHMUS_TOKEN": text]) }
                == "what is in ISTHMUS_TOKEN is not a token"
        )
    }

    @Test func whatIsHalfGivenIsSaid() {
        #expect(
            self.failure { try self.settings(.init(clientKey: "k")) }
                == "--client-cert and --client-key belong together: only one is given"
        )
        #expect(self.failure { try self.settings(.init(tokenFile: "no")) } == "no: there is no such file")
        #expect(self.failure { try self.settings(.init(address: "nonsense")) }?.contains("nonsense") == true)
    }

    @Test func serveLeavesTheVariablesOfClientsAlone() async throws {
        let variables = ConnectionInputs.Variable.allCases.map { ($0.rawValue, "x") }
        _ = try await ConfigurationReading.read(
            ConfigurationInputs(
                flags: [.clusterName: "east", .clusterID: "1"],
                environment: Dictionary(uniqueKeysWithValues: variables)
            )
        )
    }
}
