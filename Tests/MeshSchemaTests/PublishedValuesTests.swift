import MeshSchema
import NIOCore
import Testing

/// What newer versions write, from Cilium's own test data, and what a value must not be.
@Suite struct PublishedValuesTests {
    @Test func aServiceWithZonesIsWrittenAsCiliumDoes() throws {
        let json =
            #"{"cluster":"cluster3","namespace":"test","name":"echo","frontends":{"10.96.50.104":{"http":"#
            + #"{"Protocol":"TCP","Port":80}}},"backends":{"10.244.1.1":{"http":{"Protocol":"TCP","#
            + #""Port":8080}}},"zones":{"10.244.1.1":{"zone":"zone1","forZones":[{"name":"zone1"}]}},"#
            + #""labels":{},"selector":{"name":"echo"},"includeExternal":true,"shared":true,"clusterID":3}"#
        let service = try ServiceValue(decoding: ByteBuffer(string: json))
        #expect(service.zones.values.first?.forZones == ["zone1"])
        #expect(String(buffer: service.encoded()) == json)
    }

    @Test func theSmallestServiceIsRead() throws {
        let json =
            #"{"name":"echo","namespace":"test","includeExternal":true,"shared":true,"cluster":"cluster2","#
            + #""clusterID":2,"backends":{"20.0.0.2":{"tcp":{"Protocol":"TCP","Port":9090}}}}"#
        let service = try ServiceValue(decoding: ByteBuffer(string: json))
        #expect(service.isShared && service.frontends.isEmpty)
        #expect(service.backends.first?.key.description == "20.0.0.2")
    }

    @Test func aNodeOfTwoFamiliesIsWrittenAsCiliumDoes() throws {
        let json =
            #"{"Name":"test-node-1","Cluster":"cluster3","IPAddresses":[{"Type":"InternalIP","IP":"#
            + #""172.18.0.2"},{"Type":"CiliumInternalIP","IP":"fd00:10:244::e2d6"}],"IPv4AllocCIDR":"#
            + #"{"IP":"10.244.0.0","Mask":"////AA=="},"IPv4SecondaryAllocCIDRs":null,"#
            + #""IPv6AllocCIDR":{"IP":"fd00:10:244::","#
            + #""Mask":"//////////8AAAAAAAAAAA=="},"IPv6SecondaryAllocCIDRs":null,"IPv4HealthIP":"#
            + #""10.244.0.134","IPv6HealthIP":"fd00:10:244::d812","IPv4IngressIP":"","IPv6IngressIP":"","#
            + #""ClusterID":3,"Source":"custom-resource","EncryptionKey":0,"Labels":{"a":"<b>"},"#
            + #""Annotations":null,"WireguardPubKey":"","BootID":""}"#
        let escaped = json.replacing("<b>", with: #"\u003cb\u003e"#)
        let node = try NodeValue(decoding: ByteBuffer(string: json))
        #expect(String(buffer: node.encoded()) == escaped)
    }

    @Test func aBlockOfAddressesHasItsKeyAndItsMask() throws {
        let address = try #require(IPAddress("10.0.0.0"))
        let value = AddressValue(address: address, prefixLength: 24, hostIP: nil, identity: 16_777_217)
        #expect(value.keyName == "10.0.0.0/24")
        let json = #"{"IP":"10.0.0.0","Mask":"////AA==","HostIP":"","ID":16777217,"Key":0,"Metadata":""}"#
        #expect(String(buffer: value.encoded()) == json)
        #expect(try AddressValue(decoding: ByteBuffer(string: json)) == value)
    }

    @Test func namedPortsAndTheServiceAccountAreKept() throws {
        let json =
            #"{"IP":"10.244.2.74","Mask":null,"HostIP":"172.18.0.2","ID":199475,"Key":5,"Metadata":"","#
            + #""K8sNamespace":"bar","K8sPodName":"cep-002","K8sServiceAccount":"default","NamedPorts":"#
            + #"[{"Name":"http","Port":8080,"Protocol":"TCP"},{"Name":"dns","Port":53,"Protocol":"UDP"}]}"#
        let value = try AddressValue(decoding: ByteBuffer(string: json))
        #expect(value.namedPorts.count == 2)
        #expect(String(buffer: value.encoded()) == json)
    }

    @Test func labelsAreSortedByKeyWithoutTheirSource() {
        let labels = IdentityLabels([
            "b": .init(source: "any", value: "1"), "a": .init(source: "k8s", value: ""),
        ])
        #expect(String(buffer: labels.encoded()) == "k8s:a=;any:b=1;")
    }

    @Test(
        "malformed values are refused with a sentence",
        arguments: [
            (ResourceKind.services, "", "not JSON"),
            (.services, "[]", "not a JSON object"),
            (.services, #"{"namespace":"n","name":"s"}"#, #"field "cluster" is missing"#),
            (.services, #"{"cluster":"","namespace":"n","name":"s"}"#, "must not be empty"),
            (
                .services, #"{"cluster":"c","namespace":"n","name":"s","backends":{"10.0.0.1:80":{}}}"#,
                #""10.0.0.1:80" in the field "backends" is not an address"#
            ),
            (
                .services,
                #"{"cluster":"c","namespace":"n","name":"s","backends":{"1.2.3.4":{"p":{"Port":70000}}}}"#,
                "backends.1.2.3.4.p.Port"
            ),
            (.nodes, #"{"Name":"n","Cluster":"c","ClusterID":-1}"#, "ClusterID"),
            (
                .nodes, #"{"Name":"n","Cluster":"c","ClusterID":1,"IPv4HealthIP":"x"}"#, "IPv4HealthIP"
            ),
            (
                .nodes,
                #"{"Name":"n","Cluster":"c","ClusterID":1,"IPv4AllocCIDR":{"IP":"10.0.0.0","#
                    + #""Mask":"AP8AAA=="}}"#,
                "IPv4AllocCIDR"
            ),
            (.addresses, #"{"IP":"10.0.0.256"}"#, "IP"),
            (.addresses, #"{"IP":"10.0.0.1","HostIP":"nowhere"}"#, "HostIP"),
            (.addresses, #"{"IP":"10.0.0.1","ID":4294967296}"#, "ID"),
            (.identities, "", "no label"),
            (.identities, "k8s:=x;", "no key"),
        ]
    )
    func malformed(resource: ResourceKind, value: String, part: String) {
        let bytes = ByteBuffer(string: value)
        let error = #expect(throws: MeshSchemaError.self) {
            switch resource {
            case .services: _ = try ServiceValue(decoding: bytes)
            case .nodes: _ = try NodeValue(decoding: bytes)
            case .addresses: _ = try AddressValue(decoding: bytes)
            default: _ = try IdentityLabels(decoding: bytes)
            }
        }
        #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
    }

    @Test func identitiesOfAClusterAreInItsRange() throws {
        #expect(try ClusterID(3, in: .standard).identities(in: .standard) == 196_608...262_143)
        #expect(try ClusterID(3, in: .extended).identities(in: .extended) == 98_304...131_071)
    }

    @Test(
        "keys that are not an object's are not parsed",
        arguments: [
            "cilium/state/nodes/v1/east", "cilium/state/nodes/v1//n", "cilium/state/nodes/v1/east/",
            "cilium/state/identities/v1/id", "cilium/state/identities/v1/id/",
            "cilium/state/identities/v1/value/k8s:a=b;", "cilium/state/ip/v1/10.0.0.1",
            "cilium/cache/identities/v1/id/3", "cilium/.heartbeat", "cilium/state/", "",
        ]
    )
    func foreignKeys(text: String) {
        #expect(ObjectKey(text) == nil)
    }

    @Test func mirroredKeysNameTheCluster() throws {
        let west = try ClusterName("west")
        let address = ObjectKey.published(.addresses, by: west, name: "10.0.0.0/24")
        #expect(address.description == "cilium/state/ip/v1/default/10.0.0.0/24")
        #expect(address.mirrored(from: west).description == "cilium/cache/ip/v1/west/10.0.0.0/24")
        let identity = ObjectKey.published(.identities, by: west, name: "524289")
        #expect(identity.mirrored(from: west).description == "cilium/cache/identities/v1/west/id/524289")
    }
}
