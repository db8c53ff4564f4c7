import Foundation
import PKI
import Synchronization
import TestSupport

/// 2027-01-15T08:00:00Z, the "now" of these tests.
let noon: Int64 = 1_800_000_000
let day: Int64 = 86_400

/// A directory of its own for one test, removed at its end.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("pki-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
        self.path = url.path
    }

    deinit {
        try? FileManager.default.removeItem(atPath: self.path)
    }

    func file(_ name: String) -> String { "\(self.path)/\(name)" }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: self.file(name)))
    }

    func write(_ text: String, to name: String) throws {
        try self.write(Array(text.utf8), to: name)
    }

    func read(_ name: String) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(fileURLWithPath: self.file(name))))
    }

    func mode(_ name: String = "") throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: self.file(name))
        return (attributes[.posixPermissions] as? Int) ?? -1
    }

    func setMode(_ mode: Int, of name: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: self.file(name))
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: self.file(name))
    }

    /// The name and content of every file under `folder`.
    func snapshot(of folder: String) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: self.file(folder)) {
            files[name] = try self.read("\(folder)/\(name)")
        }
        return files
    }
}

/// Held while a child is started, and while a directory is locked.
let forking = Mutex(())

/// What a program printed, and how it ended.
struct ToolResult {
    let status: Int32
    let output: String
}

/// The OpenSSL command line tool: an independent reader of what we write.
enum OpenSSLTool {
    static let path = "/usr/bin/openssl"
    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: self.path) }

    static func run(_ arguments: [String], in directory: TemporaryDirectory) throws -> ToolResult {
        // Not Foundation's `Process`: it waits for ever when another test's child inherits its descriptor.
        let words = ([self.path] + arguments).map(Self.quoted).joined(separator: " ")
        let command = "cd \(Self.quoted(directory.path)) && \(words) 2>&1 </dev/null"
        // Until the child runs its program it has every descriptor of ours, and with them the locks of
        // directories that other tests are about to close and open again.
        guard let pipe = forking.withLock({ _ in popen(command, "r") }) else { throw ToolFailed(code: errno) }
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&chunk, 1, chunk.count, pipe), count > 0 { output += chunk[..<count] }
        let status = pclose(pipe)
        return ToolResult(status: (status >> 8) & 0xff, output: String(decoding: output, as: UTF8.self))
    }

    private struct ToolFailed: Error {
        let code: Int32
    }

    /// A word as a shell reads it back unchanged.
    private static func quoted(_ word: String) -> String {
        "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
    }
}

/// A root with a life of ten years around ``noon``, unless told otherwise.
func makeRoot(
    _ name: String = "Isthmus mesh CA east",
    key: PrivateKey? = nil,
    validity: Validity = Validity(notBefore: noon - 1000 * day, notAfter: noon + 2650 * day),
    seed: UInt64 = 1
) throws -> CertificateAuthority {
    var generator = SeededGenerator(seed: seed)
    return try CertificateAuthority.makeRoot(
        commonName: name,
        key: key ?? PrivateKey.generate(),
        serialNumber: .random(using: &generator),
        validity: validity
    )
}

extension CertificateAuthority {
    /// Issues a leaf of `profile` for cluster `east`.
    func leaf(
        _ profile: CertificateProfile,
        key: PrivateKey,
        validity: Validity = Validity(notBefore: noon - day, notAfter: noon + 364 * day),
        now: Int64 = noon,
        seed: UInt64 = 2
    ) throws -> Certificate {
        var generator = SeededGenerator(seed: seed)
        return try self.issue(
            profile.template(cluster: "east"),
            publicKey: key.publicKey,
            serialNumber: .random(using: &generator),
            validity: validity,
            now: now
        )
    }
}
