import MeshSchema
import NIOCore
import Testing

@Suite struct ClusterConfigurationTests {
    typealias Capabilities = ClusterConfiguration.Capabilities

    static let samples: [(ClusterConfiguration, String)] = [
        (
            .init(
                id: 3,
                capabilities: Capabilities(
                    syncedCanaries: true,
                    maxConnectedClusters: 255,
                    serviceExportsEnabled: false,
                    endpointSlicesExportMode: "services-and-endpointslices"
                )
            ),
            #"{"id":3,"capabilities":{"syncedCanaries":true,"maxConnectedClusters":255,"#
                + #""serviceExportsEnabled":false,"endpointSlicesExportMode":"services-and-endpointslices"}}"#
        ),
        (
            .init(
                id: 5,
                capabilities: Capabilities(
                    syncedCanaries: true,
                    cached: true,
                    maxConnectedClusters: 255,
                    serviceExportsEnabled: true
                )
            ),
            #"{"id":5,"capabilities":{"syncedCanaries":true,"cached":true,"maxConnectedClusters":255,"#
                + #""serviceExportsEnabled":true}}"#
        ),
        (.init(id: 0, capabilities: Capabilities()), #"{"capabilities":{}}"#),
        (
            .init(id: 4_294_967_295, capabilities: Capabilities(maxConnectedClusters: 511)),
            #"{"id":4294967295,"capabilities":{"maxConnectedClusters":511}}"#
        ),
    ]

    @Test("encodes the bytes that Cilium writes", arguments: samples)
    func encodes(configuration: ClusterConfiguration, json: String) {
        #expect(String(buffer: configuration.encoded()) == json)
    }

    @Test("decodes what Cilium writes", arguments: samples)
    func decodes(configuration: ClusterConfiguration, json: String) throws {
        #expect(try ClusterConfiguration(decoding: ByteBuffer(string: json)) == configuration)
    }

    @Test func theOwnConfigurationIsWhatARealServerWrote() throws {
        let own = ClusterConfiguration(
            id: try ClusterID(7, in: .standard),
            mesh: .standard,
            serviceExportsEnabled: true
        )
        #expect(
            String(buffer: own.encoded())
                == #"{"id":7,"capabilities":{"syncedCanaries":true,"maxConnectedClusters":255,"#
                + #""serviceExportsEnabled":true}}"#
        )
    }

    @Test func absentNullAndUnknownFieldsAreIgnored() throws {
        let json =
            #" {"later":[1,{}],"id":null,"capabilities":{"cached":null,"new":"x","syncedCanaries":true}} "#
        let decoded = try ClusterConfiguration(decoding: ByteBuffer(string: json))
        #expect(decoded == .init(id: 0, capabilities: Capabilities(syncedCanaries: true)))
        #expect(try ClusterConfiguration(decoding: ByteBuffer(string: "{}")).id == 0)
    }

    @Test(arguments: [
        ("", "it is not JSON, or it has a number that does not fit"),
        ("{", "it is not JSON, or it has a number that does not fit"),
        ("[]", "it is not a JSON object"),
        ("7", "it is not a JSON object"),
        (#"{"id":"7"}"#, #"the field "id" has the wrong type or does not fit"#),
        (#"{"id":-1}"#, #"the field "id" has the wrong type or does not fit"#),
        (#"{"id":4294967296}"#, #"the field "id" has the wrong type or does not fit"#),
        (
            #"{"id":1,"capabilities":{"cached":1}}"#,
            #"the field "capabilities.cached" has the wrong type or does not fit"#
        ),
    ])
    func malformedValuesAreRefusedWithAReason(json: String, reason: String) {
        #expect(throws: MeshSchemaError.malformedClusterConfiguration(reason: reason)) {
            try ClusterConfiguration(decoding: ByteBuffer(string: json))
        }
    }

    @Test func textIsEscapedAsGoEscapesIt() throws {
        let mode = "a\"\\\n\u{1}<&>\u{2028}\u{e9}"
        let configuration = ClusterConfiguration(
            id: 0,
            capabilities: Capabilities(endpointSlicesExportMode: mode)
        )
        let bytes = configuration.encoded()
        #expect(
            String(buffer: bytes)
                == #"{"capabilities":{"endpointSlicesExportMode":"a\"\\\n\u0001\u003c\u0026\u003e\u2028"#
                + "\u{e9}\"}}"
        )
        #expect(try ClusterConfiguration(decoding: bytes) == configuration)
    }

    @Test func aRemoteIDIsCheckedAgainstTheMesh() throws {
        let remote = ClusterConfiguration(id: 300, capabilities: Capabilities())
        #expect(try remote.clusterID(in: .extended).rawValue == 300)
        #expect(throws: MeshSchemaError.clusterIDOutOfRange(id: 300, maximum: 255)) {
            try remote.clusterID(in: .standard)
        }
    }
}
