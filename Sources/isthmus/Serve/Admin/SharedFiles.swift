import AdminPlane
import Foundation

/// Finds the files that the admin plane serves as they are.
enum SharedFiles {
    /// Reads them.
    ///
    /// - Parameter directory: Where `openapi/` and `web-static/` are; `nil`: in `../share/isthmus` as seen
    ///   from the program, or in a directory above it, as in a checkout.
    /// - Returns: Their contents.
    /// - Throws: ``StartFailure`` when they are not there.
    static func read(_ directory: String?) throws(StartFailure) -> StaticFiles {
        let manager = FileManager.default
        let candidates = directory.map { [$0] } ?? self.candidates
        guard let root = candidates.first(where: { manager.fileExists(atPath: $0 + self.contract) }) else {
            throw StartFailure(
                description:
                    "the contract and the status page are in none of \(candidates.joined(separator: ", ")); "
                    + "say where with --share-dir"
            )
        }
        var page: [String: StaticFiles.File] = [:]
        let names = (try? manager.contentsOfDirectory(atPath: root + "/web-static")) ?? []
        for name in names.sorted() {
            guard let type = StaticFiles.mediaType(of: name) else { continue }
            page[name] = StaticFiles.File(bytes: try self.contents(root + "/web-static/" + name), type: type)
        }
        return StaticFiles(contract: try self.contents(root + self.contract), page: page)
    }

    private static let contract = "/openapi/openapi.yaml"

    private static var candidates: [String] {
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
        var directory = URL(fileURLWithPath: program).deletingLastPathComponent()
        var candidates = [directory.deletingLastPathComponent().path + "/share/isthmus"]
        // A build is a few levels below its package.
        for _ in 0..<5 {
            directory = directory.deletingLastPathComponent()
            candidates.append(directory.path)
        }
        return candidates
    }

    private static func contents(_ path: String) throws(StartFailure) -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw StartFailure(description: "\(path) cannot be read")
        }
        return [UInt8](data)
    }
}
