import EtcdAPI
import Foundation
import NIOCore
import RPC
import SwiftProtobuf
import Testing

@testable import DataPlane

@Suite struct GatewayTests {
    @Test func everyMethodOfEtcdHasAPath() {
        let routed = Set(GatewayRoute.all.map(\.method))
        let served = Set(EtcdMethod.allCases).subtracting([.healthCheck, .healthWatch])
        #expect(routed == served)
        #expect(Set(GatewayRoute.all.map(\.path)).count == GatewayRoute.all.count)
    }

    /// The names of the messages of each method, with whether the client sends any number of them.
    private static func declaredMessages() throws -> [String: [String]] {
        let folder = URL(filePath: #filePath)
            .deletingLastPathComponent().appending(path: "../../Sources/EtcdAPI/Protos").standardized
        var methods: [String: [String]] = [:]
        for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        where file.pathExtension == "proto" {
            let text = try String(contentsOf: file, encoding: .utf8)
            let package = text.firstMatch(of: /package\s+([\w.]+)\s*;/).map { String($0.1) } ?? ""
            var service = ""
            for line in text.split(separator: "\n") {
                if let match = line.firstMatch(of: /^\s*service\s+(\w+)/) { service = String(match.1) }
                let declaration = /rpc\s+(\w+)\s*\((stream )?\s*(\w+)\)\s*returns\s*\((?:stream )?\s*(\w+)\)/
                if let match = line.firstMatch(of: declaration) {
                    methods["/\(package).\(service)/\(match.1)"] = [
                        "\(package).\(match.3)", "\(package).\(match.4)", "\(match.2 != nil)",
                    ]
                }
            }
        }
        return methods
    }

    @Test func theMessagesOfARouteAreThoseOfItsMethod() throws {
        let declared = try Self.declaredMessages()
        for route in GatewayRoute.all {
            let names = [route.request.protoMessageName, route.response.protoMessageName]
            #expect(declared[route.method.path] == names + ["\(route.takesMany)"], "\(route.path)")
        }
    }

    @Test(
        "targets",
        arguments: [
            ("/v3/kv/range", "kv/range"), ("/v3beta/kv/range", "kv/range"), ("/v3/kv/range?a=b", "kv/range"),
            ("/v3/watch", "watch"), ("/v3/kv/lease/revoke", "kv/lease/revoke"), ("/v3/kv/range/", nil),
            ("/v3/", nil), ("/v3", nil), ("/v3alpha/kv/range", nil), ("/v2/keys", nil), ("/kv/range", nil),
            ("v3/kv/range", nil), ("", nil),
        ] as [(String, String?)]
    )
    func targets(target: String, path: String?) {
        #expect(GatewayRoute.find(target)?.path == path)
    }

    @Test func messagesBecomeTheJSONOfTheirDefinitions() throws {
        var response = Etcdserverpb_WatchResponse()
        response.header.clusterID = .max
        response.watchID = -1
        var event = Mvccpb_Event()
        event.type = .delete
        event.kv.key = Data([0xff, 0xfe, 0xfd])
        event.kv.modRevision = 1 << 60
        response.events = [event, Mvccpb_Event()]
        let message = ByteBuffer(bytes: try response.serializedBytes() as [UInt8])
        let json = try GatewayJSON.encode(message, as: Etcdserverpb_WatchResponse.self)
        let expected =
            #"{"header":{"cluster_id":"18446744073709551615"},"watch_id":"-1","events":[{"type":"DELETE","#
            + #""kv":{"key":"//79","mod_revision":"1152921504606846976"}},{}]}"#
        #expect(String(buffer: json) == expected)
    }

    @Test func anAnswerThatIsNotItsMessageIsAFailure() {
        #expect(throws: RPCStatus.self) {
            try GatewayJSON.encode(ByteBuffer(bytes: [0xff]), as: Etcdserverpb_WatchResponse.self)
        }
    }

    @Test(
        "requests are refused with a reason",
        arguments: [
            (#"{"key":"*"}"#, "a value does not fit its field"), (#"{"limit":"x"}"#, "malformed number"),
            (#"{"key":5}"#, "malformed string"),
        ]
    )
    func refusal(object: String, reason: String) {
        let message = "isthmus: the request is no etcdserverpb.RangeRequest in JSON: " + reason
        #expect(throws: RPCStatus(code: .invalidArgument, message: message)) {
            try GatewayJSON.decode(ByteBuffer(string: object), as: Etcdserverpb_RangeRequest.self)
        }
    }

    @Test func failuresAreWrittenForOldAndNewClients() {
        let status = RPCStatus(code: .notFound, message: "no \"/\u{1}\u{e9}")
        let sentence = #""no \"/\u0001é""#
        #expect(
            String(buffer: GatewayJSON.failure(status))
                == #"{"error":\#(sentence),"code":5,"message":\#(sentence)}"#
        )
        #expect(
            String(buffer: GatewayJSON.streamFailure(status))
                == #"{"error":{"grpc_code":5,"http_code":404,"message":\#(sentence),"#
                + #""http_status":"Not Found","code":5}}"# + "\n"
        )
    }
}
