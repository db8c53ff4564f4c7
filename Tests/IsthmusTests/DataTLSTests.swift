import Testing

@testable import isthmus

@Suite struct DataTLSTests {
    private func read(_ flags: [Setting: String]) async throws(ConfigurationProblems) -> ServeConfiguration {
        try await ConfigurationReading.read(
            ConfigurationInputs(
                flags: flags.merging([.clusterName: "east", .clusterID: "7"]) { given, _ in given },
                isReadable: { !$0.hasPrefix("/unreadable") }
            )
        ).serve
    }

    private func problems(_ flags: [Setting: String]) async -> [String] {
        do throws(ConfigurationProblems) {
            _ = try await self.read(flags)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test(arguments: ["127.0.0.1:2379", "[::1]:0", "localhost:2379"])
    func tlsCanBeOffOnLoopback(address: String) async throws {
        #expect(try await self.read([.dataTLS: "off", .dataListen: address]).data.tls == .off)
    }

    @Test(arguments: ["0.0.0.0:2379", ":2379", "[::]:2379", "10.0.0.1:2379", "east.example:2379"])
    func tlsCannotBeOffElsewhere(address: String) async {
        #expect(
            await self.problems([.dataTLS: "off", .dataListen: address]) == [
                "--data-tls: TLS can be off only on a loopback address, and \(address) is not one: "
                    + "use 127.0.0.1 or [::1]"
            ]
        )
    }

    @Test func filesNeedThreeReadablePaths() async {
        #expect(
            await self.problems([.dataTLS: "files", .dataKey: "/unreadable/key"]) == [
                "--data-cert: is required with --data-tls files",
                "--data-key: the file \"/unreadable/key\" cannot be read",
                "--data-ca: is required with --data-tls files",
            ]
        )
    }

    @Test func filesThatWouldBeIgnoredAreProblems() async {
        #expect(
            await self.problems([.dataCertificate: "/c"])
                == ["--data-cert: has no effect with --data-tls auto: it needs --data-tls files"]
        )
    }

    @Test func listenersMustNotCollide() async throws {
        #expect(
            await self.problems([.healthListen: "127.0.0.1:2379"])
                == ["--health-listen: 127.0.0.1:2379 collides with --data-listen 0.0.0.0:2379"]
        )
        _ = try await self.read([.healthListen: "127.0.0.1:0", .dataListen: "127.0.0.1:0"])
        _ = try await self.read([.healthListen: "127.0.0.1:5", .dataListen: "127.0.0.2:5"])
    }

    @Test(arguments: [
        ("0.0.0.0:2379", "auto", "https://host-1:7"),
        (":0", "auto", "https://host-1:7"),
        ("[fd00::1]:0", "auto", "https://[fd00::1]:7"),
        ("localhost:2379", "off", "http://localhost:7"),
        ("[::1]:2379", "off", "http://[::1]:7"),
    ])
    func clientsAreToldAURLMadeFromTheListener(listen: String, tls: String, url: String) async throws {
        let data = try await self.read([.dataListen: listen, .dataTLS: tls]).data
        #expect(data.clientURLs(boundPort: 7, hostName: "host-1") == [url])
    }

    @Test func configuredURLsWin() async throws {
        let data = try await self.read([.dataAdvertise: "https://mesh.example:32379"]).data
        #expect(data.clientURLs(boundPort: 7, hostName: "host-1") == ["https://mesh.example:32379"])
    }
}
