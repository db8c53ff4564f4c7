import Foundation

/// Finds and reads the files that the command line names.
struct ManifestFiles: Sendable {
    /// A file and what is in it.
    struct Source: Sendable, Equatable {
        /// The path, or `standard input`.
        let name: String
        let bytes: [UInt8]
        /// Whether it is JSON by its name.
        var isJSON: Bool { self.name.hasSuffix(".json") }
    }

    /// The endings of files in a directory that are read.
    static let endings = [".yaml", ".yml", ".json"]
    /// The most files of one command.
    static let countLimit = 10_000
    /// The most bytes of all files together.
    static let byteLimit = 64 << 20

    private(set) var sources: [Source] = []
    private(set) var problems: [ManifestProblem] = []
    private var byteCount = 0

    /// Reads the files: a path, `-` for standard input, or a directory with everything below it.
    ///
    /// Files of a directory come in the order of their paths; hidden ones, and links to directories, are left
    /// out. What cannot be read is a problem, and the rest is read all the same.
    init(_ paths: [String]) {
        for path in paths {
            if path == "-" {
                self.read(FileHandle.standardInput, name: "standard input")
            } else if Self.isDirectory(path) {
                let files = self.files(below: path).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
                if files.isEmpty {
                    let endings = Self.endings.map { "*\($0)" }.joined(separator: ", ")
                    self.problems.append(.init(origin: path, message: "there is no \(endings) in it"))
                }
                for file in files { self.read(file) }
            } else {
                self.read(path)
            }
        }
    }

    private func files(below directory: String) -> [String] {
        guard let names = FileManager.default.enumerator(atPath: directory) else { return [] }
        var files: [String] = []
        for case let name as String in names {
            let last = name.split(separator: "/").last ?? ""
            let path = directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
            if last.hasPrefix(".") {
                names.skipDescendants()
            } else if Self.endings.contains(where: { last.hasSuffix($0) }), !Self.isDirectory(path) {
                files.append(path)
            }
        }
        return files
    }

    private mutating func read(_ path: String) {
        do {
            let handle = try FileHandle(forReadingFrom: URL(filePath: path))
            defer { try? handle.close() }
            self.read(handle, name: path)
        } catch {
            let isThere = FileManager.default.fileExists(atPath: path)
            let reason = isThere ? "cannot be read" : "there is no such file"
            self.problems.append(.init(origin: path, message: reason))
        }
    }

    private mutating func read(_ handle: FileHandle, name: String) {
        guard self.sources.count < Self.countLimit else {
            return self.problems.append(.init(origin: name, message: "more than \(Self.countLimit) files"))
        }
        do {
            var bytes: [UInt8] = []
            // Pipes give what they have, so it is asked for until there is no more.
            while let piece = try handle.read(upToCount: Self.byteLimit - self.byteCount - bytes.count + 1),
                !piece.isEmpty
            {
                bytes += piece
                guard self.byteCount + bytes.count <= Self.byteLimit else {
                    let message = "the files have more than \(Self.byteLimit >> 20) MiB together"
                    return self.problems.append(.init(origin: name, message: message))
                }
            }
            self.byteCount += bytes.count
            self.sources.append(Source(name: name, bytes: bytes))
        } catch {
            self.problems.append(.init(origin: name, message: "cannot be read"))
        }
    }

    private static func isDirectory(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
            && isDirectory.boolValue
    }
}
