import Documents
import Foundation
import MeshResources
import MeshSchema
import NIOCore
import Testing

/// What people write becomes the bytes that a real clustermesh-apiserver wrote.
@Suite struct PublicationTests {
    struct Recording: Decodable, Sendable {
        var key: String
        var value: String
    }

    static let recordings: [String: String] = {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = tests.appending(path: "Fixtures/kvstore/east.json")
        guard let data = try? Data(contentsOf: file) else { return [:] }
        let all = (try? JSONDecoder().decode([Recording].self, from: data)) ?? []
        return Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0.value) })
    }()

    static func object(
        _ kind: PublishedKind,
        _ name: String,
        _ json: String,
        labels: [String: String] = [:],
        annotations: [String: String] = [:],
        cluster: ClusterContext
    ) throws -> PublishedObject {
        try SpecReading.valid(json) {
            PublishedObject(
                kind,
                named: name,
                labels: labels,
                annotations: annotations,
                spec: $0,
                in: cluster
            )
        }
    }

    /// Publishes one object and returns its one entry as text.
    static func entry(
        _ kind: PublishedKind,
        _ name: String,
        _ json: String,
        labels: [String: String] = [:],
        annotations: [String: String] = [:]
    ) throws -> (key: String, value: String) {
        let cluster = try SpecReading.cluster()
        let object = try self.object(
            kind,
            name,
            json,
            labels: labels,
            annotations: annotations,
            cluster: cluster
        )
        let entries = Publication.entries(of: object, in: cluster)
        #expect(entries.map(\.key) == Publication.keys(of: kind, named: name, in: cluster))
        let entry = try #require(entries.first)
        #expect(entries.count == 1)
        return (entry.key, String(buffer: entry.value))
    }

    @Test func aServiceIsTheRecordedOne() throws {
        let json = """
            {"frontends": [{"ip": "10.96.33.137", "ports": [
                {"name": "http", "port": 80}, {"name": "dns", "port": 53, "protocol": "UDP"}]}],
             "backends": [
                {"ip": "fd00::b", "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}]},
                {"ip": "10.1.0.11", "hostname": "cart-0", "conditions": {"ready": true}, "ports": [
                    {"name": "http", "port": 8080}, {"name": "dns", "port": 5353, "protocol": "UDP"}]},
                {"ip": "10.1.0.12", "conditions": {"ready": false}, "ports": [{"name": "a", "port": 1}]}],
             "labels": {"tier": "backend", "app": "cart"}, "selector": {"app": "cart"}}
            """
        let entry = try Self.entry(.services, "shop/cart", json)
        #expect(entry.key == "cilium/state/services/v1/east/shop/cart")
        #expect(entry.value == Self.recordings[entry.key])
    }

    @Test func aHeadlessServiceIsTheRecordedOne() throws {
        let json = """
            {"backends": [{"ip": "10.1.0.40", "hostname": "hl-0", "ports": [{"name": "db", "port": 5432}]}],
             "selector": {"app": "hl"}}
            """
        let entry = try Self.entry(.services, "shop/headless", json)
        #expect(entry.value == Self.recordings[entry.key])
    }

    @Test func aNodeIsTheRecordedOne() throws {
        let json = """
            {"addresses": [
                {"type": "InternalIP", "ip": "192.168.1.10"}, {"type": "ExternalIP", "ip": "203.0.113.10"},
                {"type": "CiliumInternalIP", "ip": "10.1.0.1"}, {"type": "InternalIP", "ip": "fd01::10"}],
             "podCIDRs": ["10.1.0.0/24", "fd00::/120"], "healthIPs": ["fd00::200", "10.1.0.200"],
             "ingressIPs": ["10.1.0.201"], "encryptionKey": 3, "wireguardPublicKey": "abcd=",
             "bootID": "11111111-2222-3333-4444-555555555555"}
            """
        let key = "cilium/state/nodes/v1/east/node-a"
        let recorded = try #require(Self.recordings[key])
        let annotations = try NodeValue(decoding: ByteBuffer(string: recorded)).annotations
        let entry = try Self.entry(
            .nodes,
            "node-a",
            json,
            labels: ["topology.kubernetes.io/zone": "z1", "kubernetes.io/hostname": "node-a"],
            annotations: annotations ?? [:]
        )
        #expect(entry.key == key)
        // Cilium 1.20 no longer writes this field, and no version needs it.
        #expect(entry.value == recorded.replacing("\"NodeIdentity\":0,", with: ""))
    }

    @Test func furtherBlocksOfANodeAreSecondary() throws {
        let json = #"{"podCIDRs": ["fd00::/64", "10.1.0.0/24", "10.2.0.0/24", "10.3.0.0/24"]}"#
        let value = try Self.entry(.nodes, "n", json).value
        #expect(value.contains(#""IPv4AllocCIDR":{"IP":"10.1.0.0","Mask":"////AA=="}"#))
        #expect(
            value.contains(
                #""IPv4SecondaryAllocCIDRs":[{"IP":"10.2.0.0","Mask":"////AA=="},"#
                    + #"{"IP":"10.3.0.0","Mask":"////AA=="}]"#
            )
        )
        #expect(value.contains(#""IPv6SecondaryAllocCIDRs":null"#))
        #expect(value.contains(#""IPAddresses":null"#))
        #expect(value.contains(#""Labels":null,"Annotations":null"#))
    }

    @Test func endpointsAndIdentitiesAreTheRecordedOnes() throws {
        // The recording's cluster counted identities as a mesh of 255 does not: the value is the same.
        let json = """
            {"identity": 458753, "hostIP": "192.168.1.10", "encryptionKey": 3, "namespace": "shop",
             "pod": "cart-abc"}
            """
        for name in ["10.1.0.11", "fd00::b"] {
            let entry = try Self.entry(.endpoints, name, json)
            #expect(entry.value == Self.recordings[entry.key]?.replacing("65601", with: "458753"))
        }
        let labels = """
            {"labels": {"k8s:io.kubernetes.pod.namespace": "shop", "k8s:app": "cart",
                        "k8s:io.cilium.k8s.policy.serviceaccount": "default"}}
            """
        let identity = try Self.entry(.identities, "458753", labels)
        #expect(identity.key == "cilium/state/identities/v1/id/458753")
        #expect(identity.value == Self.recordings["cilium/state/identities/v1/id/65601"])
    }

    @Test func namedPortsAndZonesAreWrittenAsNewerVersionsDo() throws {
        let endpoint = try Self.entry(
            .endpoints,
            "10.244.2.74",
            """
            {"identity": 458753, "hostIP": "172.18.0.2", "encryptionKey": 5, "namespace": "bar",
             "pod": "cep-002", "serviceAccount": "default", "namedPorts": [{"name": "http", "port": 8080},
                                                         {"name": "dns", "port": 53, "protocol": "UDP"}]}
            """
        )
        #expect(
            endpoint.value
                == #"{"IP":"10.244.2.74","Mask":null,"HostIP":"172.18.0.2","ID":458753,"Key":5,"#
                + #""Metadata":"","K8sNamespace":"bar","K8sPodName":"cep-002","#
                + #""K8sServiceAccount":"default","NamedPorts":["#
                + #"{"Name":"http","Port":8080,"Protocol":"TCP"},{"Name":"dns","Port":53,"Protocol":"UDP"}]}"#
        )
        let service = try Self.entry(
            .services,
            "test/echo",
            """
            {"frontends": [{"ip": "10.96.50.104", "ports": [{"name": "http", "port": 80}]}],
             "backends": [{"ip": "10.244.1.1", "zone": "zone1", "forZones": ["zone1"],
                           "ports": [{"name": "http", "port": 8080}]}], "selector": {"name": "echo"}}
            """
        )
        #expect(
            service.value
                == #"{"cluster":"east","namespace":"test","name":"echo","frontends":{"10.96.50.104":{"http":"#
                + #"{"Protocol":"TCP","Port":80}}},"backends":{"10.244.1.1":{"http":{"Protocol":"TCP","#
                + #""Port":8080}}},"zones":{"10.244.1.1":{"zone":"zone1","forZones":[{"name":"zone1"}]}},"#
                + #""labels":{},"selector":{"name":"echo"},"includeExternal":true,"shared":true,"#
                + #""clusterID":7}"#
        )
    }

    @Test(
        "a backend is published when it is ready or serving",
        arguments: [
            ("{}", true), (#"{"ready":true}"#, true), (#"{"ready":false}"#, false),
            (#"{"ready":false,"serving":true,"terminating":true}"#, true),
            (#"{"ready":false,"serving":false}"#, false), (#"{"ready":true,"serving":false}"#, true),
            (#"{"serving":false}"#, true),
        ]
    )
    func readiness(conditions: String, isPublished: Bool) throws {
        let json = #"{"backends":[{"ip":"10.0.0.1","conditions":\#(conditions)}]}"#
        #expect(try Self.entry(.services, "a/b", json).value.contains(#""10.0.0.1":{}"#) == isPublished)
    }

    @Test func aServiceThatIsNotSharedHasNoKey() throws {
        let cluster = try SpecReading.cluster()
        let object = try Self.object(.services, "shop/cart", #"{"shared":false}"#, cluster: cluster)
        #expect(Publication.entries(of: object, in: cluster) == [])
    }

    @Test func anObjectThatTheClusterCannotPublishIsAProblem() throws {
        let cluster = try SpecReading.cluster("east", 8)
        let outcome = try SpecReading.read(#"{"labels":{}}"#) {
            PublishedObject(.identities, named: "458753", spec: $0, in: cluster)
        }
        #expect(outcome.spec == nil)
        #expect(outcome.summary == ["/spec invalid-value"])
    }

    @Test func canariesHaveTheRecordedKeys() throws {
        let keys = Publication.canaries(in: try SpecReading.cluster())
        #expect(keys.count == 4)
        for key in keys { #expect(Self.recordings[key] != nil, "\(key)") }
    }
}
