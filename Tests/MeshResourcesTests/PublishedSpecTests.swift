import Documents
import MeshResources
import MeshSchema
import Testing

/// What is wrong with a spec of a published object is found, all at once and where it is.
@Suite struct PublishedSpecTests {
    @Test(
        arguments: [
            (#"{}"#, []),
            (#"{"frontends":[],"backends":[],"selector":{},"labels":{}}"#, []),
            (#"null"#, ["/spec wrong-type"]),
            (#""x""#, ["/spec wrong-type"]),
            (
                #"{"frontend":[],"shared":"yes","affinity":"here"}"#,
                ["/spec/shared wrong-type", "/spec/affinity invalid-value", "/spec/frontend unknown-field"]
            ),
            (
                #"{"frontends":[{"ports":[{"name":"http","port":80}]},{"ip":"10.0.0.256"},{"ip":7}]}"#,
                [
                    "/spec/frontends/0/ip required", "/spec/frontends/1/ip invalid-format",
                    "/spec/frontends/2/ip wrong-type",
                ]
            ),
            (
                #"{"frontends":[{"ip":"fd00::1"},{"ip":"FD00:0::1"},{"ip":"10.0.0.1"},"#
                    + #"{"ip":"::ffff:10.0.0.1"}]}"#,
                ["/spec/frontends/1 duplicate", "/spec/frontends/3 duplicate"]
            ),
            (
                #"{"backends":[{"ip":"10.0.0.1","ports":[{"port":0},"#
                    + #"{"name":"A","port":70000,"protocol":"tcp"},{"name":"b","port":1.5},{"name":"c"}]}]}"#,
                [
                    "/spec/backends/0/ports/0/port out-of-range",
                    "/spec/backends/0/ports/1/name invalid-format",
                    "/spec/backends/0/ports/1/port out-of-range",
                    "/spec/backends/0/ports/1/protocol invalid-value",
                    "/spec/backends/0/ports/2/port wrong-type", "/spec/backends/0/ports/3/port required",
                ]
            ),
            (
                #"{"backends":[{"ip":"10.0.0.1","ports":[{"port":1},{"name":"","port":2},"#
                    + #"{"name":"a","port":1},{"name":"a","port":3}]}]}"#,
                ["/spec/backends/0/ports/1 duplicate", "/spec/backends/0/ports/3 duplicate"]
            ),
            (
                #"{"backends":[{"ip":"10.0.0.1","hostname":"a.b","zone":"-","forZones":["z","z"],"#
                    + #""conditions":{"ready":1,"reddy":true}}]}"#,
                [
                    "/spec/backends/0/conditions/ready wrong-type",
                    "/spec/backends/0/conditions/reddy unknown-field",
                    "/spec/backends/0/hostname invalid-format", "/spec/backends/0/zone invalid-format",
                    "/spec/backends/0/forZones/1 duplicate",
                ]
            ),
            (
                #"{"labels":{"a b":"c"},"selector":{"a":"é"}}"#,
                ["/spec/labels/a b invalid-format", "/spec/selector/a invalid-format"]
            ),
        ] as [(String, [String])]
    )
    func services(json: String, problems: [String]) throws {
        #expect(try SpecReading.read(json) { ServiceSpec($0) }.summary == problems)
    }

    @Test func aServiceMayHaveBothFamiliesAndBackendPortsThatNoFrontendHas() throws {
        let json =
            #"{"frontends":[{"ip":"10.0.0.1","ports":[{"name":"http","port":80}]},{"ip":"fd00::1"}],"#
            + #""backends":[{"ip":"fd00::2","ports":[{"name":"other","port":1,"protocol":"SCTP"}]}]}"#
        let spec = try SpecReading.valid(json) { ServiceSpec($0) }
        #expect(spec.frontends.count == 2 && spec.frontends[0].ports[0].protocol == .tcp)
        #expect(spec.isShared && spec.affinity == .none)
        #expect(spec.backends[0].isReady && spec.backends[0].isServing && !spec.backends[0].isTerminating)
    }

    @Test func aServiceMustFitIntoOneValue() throws {
        let backends = { (count: Int, ports: Int) -> String in
            let ports = (0..<ports).map { #"{"name":"p\#($0)","port":1}"# }.joined(separator: ",")
            let all = (0..<count).map { #"{"ip":"10.0.\#($0 / 256).\#($0 % 256)","ports":[\#(ports)]}"# }
            return #"{"backends":[\#(all.joined(separator: ","))]}"#
        }
        #expect(try SpecReading.read(backends(5_000, 2)) { ServiceSpec($0) }.summary == [])
        #expect(
            try SpecReading.read(backends(5_001, 1)) { ServiceSpec($0) }.summary == [
                "/spec/backends too-many"
            ]
        )
        #expect(
            try SpecReading.read(backends(3_334, 3)) { ServiceSpec($0) }.summary == [
                "/spec/backends too-many"
            ]
        )
        #expect(
            try SpecReading.read(backends(1, 101)) { ServiceSpec($0) }.summary
                == ["/spec/backends/0/ports too-many"]
        )
    }

    @Test(
        arguments: [
            (#"{}"#, []),
            (
                #"{"addresses":[{"type":"InternalIP","ip":"10.0.0.1"},{"type":"ExternalIP","ip":"10.0.0.1"},"#
                    + #"{"type":"InternalIP","ip":"10.0.0.1"},{"type":"Internal","ip":"x"},{}]}"#,
                [
                    "/spec/addresses/2 duplicate", "/spec/addresses/3/type invalid-value",
                    "/spec/addresses/3/ip invalid-format", "/spec/addresses/4/type required",
                    "/spec/addresses/4/ip required",
                ]
            ),
            (
                #"{"podCIDRs":["10.1.0.0/24","10.1.0.1/24","10.1.0.0/24","10.1.0.0","#
                    + #""fd00::/129","FD00::/64"]}"#,
                [
                    "/spec/podCIDRs/1 invalid-format", "/spec/podCIDRs/2 duplicate",
                    "/spec/podCIDRs/3 invalid-format", "/spec/podCIDRs/4 invalid-format",
                    "/spec/podCIDRs/5 invalid-format",
                ]
            ),
            (
                #"{"healthIPs":["10.0.0.1","10.0.0.2"],"ingressIPs":["fd00::1","10.0.0.1","10.0.0.2"]}"#,
                ["/spec/healthIPs/1 duplicate", "/spec/ingressIPs too-many"]
            ),
            (
                #"{"encryptionKey":256,"wireguardPublicKey":"a b","bootID":""}"#,
                ["/spec/encryptionKey out-of-range", "/spec/wireguardPublicKey invalid-format"]
            ),
            (#"{"name":"x"}"#, ["/spec/name unknown-field"]),
        ] as [(String, [String])]
    )
    func nodes(json: String, problems: [String]) throws {
        #expect(try SpecReading.read(json) { NodeSpec($0) }.summary == problems)
    }

    @Test func aBlockThatIsNotCanonicalIsToldHowToBeWritten() throws {
        let outcome = try SpecReading.read(#"{"podCIDRs":["10.1.0.1/24"]}"#) { NodeSpec($0) }
        #expect(outcome.problems.map(\.message) == ["must be written as 10.1.0.0/24"])
    }

    @Test(
        arguments: [
            (#"{}"#, ["/spec/labels required"]),
            (#"{"labels":{}}"#, []),
            (#"{"labels":{"k8s:app":"cart","app":"x"}}"#, ["/spec/labels/app duplicate"]),
            (
                #"{"labels":{"k8s:io.cilium.k8s.policy.cluster":"west"}}"#,
                ["/spec/labels/k8s:io.cilium.k8s.policy.cluster mismatch"]
            ),
            (
                #"{"labels":{"any:io.cilium.k8s.policy.cluster":"east"}}"#,
                ["/spec/labels/any:io.cilium.k8s.policy.cluster mismatch"]
            ),
            (#"{"labels":{"k8s:io.cilium.k8s.policy.cluster":"east"}}"#, []),
            (
                #"{"labels":{"":"a","k8s:":"a",":a":"a","k8s:a=b":"c","k8s:a;b":"c","k8s:a b":"c"}}"#,
                [
                    "/spec/labels/ invalid-format", "/spec/labels/k8s: invalid-format",
                    "/spec/labels/:a invalid-format", "/spec/labels/k8s:a=b invalid-format",
                    "/spec/labels/k8s:a;b invalid-format", "/spec/labels/k8s:a b invalid-format",
                ]
            ),
            (
                #"{"labels":{"k8s:a":"x;k8s:b=y","k8s:b":"\n","k8s:c":7,"k8s:d":"x=y"}}"#,
                [
                    "/spec/labels/k8s:a invalid-format", "/spec/labels/k8s:b invalid-format",
                    "/spec/labels/k8s:c wrong-type",
                ]
            ),
        ] as [(String, [String])]
    )
    func identities(json: String, problems: [String]) throws {
        let cluster = try SpecReading.cluster()
        #expect(try SpecReading.read(json) { IdentitySpec($0, in: cluster) }.summary == problems)
    }

    @Test(
        arguments: [
            (#"{}"#, ["/spec/identity required"]),
            (#"{"identity":458753}"#, []),
            (#"{"identity":1}"#, []),
            (#"{"identity":255}"#, []),
            (#"{"identity":0}"#, ["/spec/identity out-of-range"]),
            (#"{"identity":256}"#, ["/spec/identity out-of-range"]),
            (#"{"identity":524288}"#, ["/spec/identity out-of-range"]),
            (#"{"identity":4294967296}"#, ["/spec/identity out-of-range"]),
            (#"{"identity":"458753"}"#, ["/spec/identity wrong-type"]),
            (
                #"{"identity":1,"hostIP":"host","encryptionKey":-1,"namespace":"a.b","pod":"P","#
                    + #""serviceAccount":"","namedPorts":[{"name":"a","port":1},{"name":"a","port":2},{}]}"#,
                [
                    "/spec/hostIP invalid-format", "/spec/encryptionKey out-of-range",
                    "/spec/namespace invalid-format", "/spec/pod invalid-format",
                    "/spec/serviceAccount invalid-format", "/spec/namedPorts/1 duplicate",
                    "/spec/namedPorts/2/name required", "/spec/namedPorts/2/port required",
                ]
            ),
        ] as [(String, [String])]
    )
    func endpoints(json: String, problems: [String]) throws {
        let cluster = try SpecReading.cluster()
        #expect(try SpecReading.read(json) { EndpointSpec($0, in: cluster) }.summary == problems)
    }
}
