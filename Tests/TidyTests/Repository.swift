import Foundation

/// The files of this repository that people write.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Reads the Swift sources, and the Python of the end-to-end tests, in the order of their paths.
    static func files() throws -> [SourceFile] {
        var paths = ["Package.swift"]
        for folder in ["Sources", "Tests"] {
            let found = try FileManager.default.subpathsOfDirectory(
                atPath: self.root.appending(path: folder).path
            )
            paths += found.map { "\(folder)/\($0)" }
        }
        return try paths.filter(self.isWritten).sorted().map { path in
            let text = try String(contentsOf: self.root.appending(path: path), encoding: .utf8)
            return SourceFile(path: path, text: text)
        }
    }

    private static func isWritten(_ path: String) -> Bool {
        guard path.hasSuffix(".swift") || path.hasSuffix(".py") else { return false }
        // A nested package builds in a folder of its own; its checkouts are not ours.
        return !path.split(separator: "/").contains { $0.hasPrefix(".") || $0 == "__pycache__" }
    }
}
