import Foundation
import FuzzTargets
import Testing

/// Runs what the fuzzer started from and what it found, as an ordinary test.
@Suite struct FuzzReplayTests {
    private static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures/Fuzzing")

    private static func files(_ kind: String, _ target: FuzzTarget) throws -> [URL] {
        let folder = self.folder.appending(path: "\(kind)/\(target.rawValue)")
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .sorted { $0.path < $1.path }
    }

    @Test("recorded traffic keeps every promise", arguments: FuzzTarget.allCases)
    func recordedTraffic(target: FuzzTarget) throws {
        let files = try Self.files("Corpus", target)
        #expect(!files.isEmpty)
        for file in files { target.run([UInt8](try Data(contentsOf: file))) }
    }

    @Test("what once crashed does so no more", arguments: FuzzTarget.allCases)
    func crashes(target: FuzzTarget) throws {
        for file in try Self.files("Crashes", target) { target.run([UInt8](try Data(contentsOf: file))) }
    }

    @Test("a prefix of recorded traffic keeps every promise", arguments: FuzzTarget.allCases)
    func cutTraffic(target: FuzzTarget) throws {
        for file in try Self.files("Corpus", target) {
            let bytes = [UInt8](try Data(contentsOf: file))
            for count in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 16)) {
                target.run(Array(bytes.prefix(count)))
            }
        }
    }
}
