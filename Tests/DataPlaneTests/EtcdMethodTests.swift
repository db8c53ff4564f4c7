import Foundation
import RPC
import Testing

@testable import DataPlane

@Suite struct EtcdMethodTests {
    /// The services and methods that the protos declare, with whether either side streams.
    private static func declaredMethods() throws -> [String: Bool] {
        let folder = URL(filePath: #filePath)
            .deletingLastPathComponent().appending(path: "../../Sources/EtcdAPI/Protos").standardized
        var methods: [String: Bool] = [:]
        for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        where file.pathExtension == "proto" {
            let text = try String(contentsOf: file, encoding: .utf8)
            let package = text.firstMatch(of: /package\s+([\w.]+)\s*;/).map { String($0.1) } ?? ""
            var service = ""
            for line in text.split(separator: "\n") {
                if let match = line.firstMatch(of: /^\s*service\s+(\w+)/) { service = String(match.1) }
                if let match = line.firstMatch(of: /^\s*rpc\s+(\w+)\s*\((.*)\)\s*returns\s*\((.*)\)/) {
                    methods["/\(package).\(service)/\(match.1)"] =
                        match.2.contains("stream ") || match.3.contains("stream ")
                }
            }
        }
        return methods
    }

    @Test func everyServedMethodIsDeclaredWithTheSameKind() throws {
        let declared = try Self.declaredMethods()
        for method in EtcdMethod.allCases {
            // An undeclared method has no kind that could match.
            #expect(declared[method.path] == (method.kind == .stream), "\(method.path)")
        }
    }

    @Test func methodNumbersAreThoseOfTheTable() {
        for method in EtcdMethod.allCases {
            let path = Array(method.path.utf8)
            let index = EtcdMethod.table.index(of: path.span)
            #expect(index == method.rawValue)
        }
    }
}
