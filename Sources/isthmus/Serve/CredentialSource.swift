import Foundation
import NIOSSL
import Synchronization

/// PEM files of the data plane that somebody else replaces, and what was seen there last.
final class CredentialSource: Sendable {
    private let files: CredentialFiles
    /// What the files held when they were loaded last.
    private let lastSeen = Mutex<[UInt8]>([])

    private init(_ files: CredentialFiles) {
        self.files = files
    }

    /// Creates a source of these files.
    static func files(_ files: CredentialFiles) -> CredentialSource {
        CredentialSource(files)
    }

    /// Loads what is there now; `nil` when it is what was loaded last.
    func load() throws -> NIOSSLContext? {
        // Contents, not times: secrets mounted by Kubernetes change by swapping a link.
        let paths = [self.files.certificate, self.files.key] + (self.files.authorities.map { [$0] } ?? [])
        let contents = paths.flatMap { path in
            FileManager.default.contents(atPath: path).map { [UInt8]($0) } ?? []
        }
        guard self.isNew(contents) else { return nil }
        do {
            return try TLSContexts.makeContext(self.files)
        } catch {
            // To be tried again: the files may be in the middle of being replaced.
            self.lastSeen.withLock { $0 = [] }
            throw error
        }
    }

    private func isNew(_ contents: [UInt8]) -> Bool {
        self.lastSeen.withLock { last in
            guard last != contents else { return false }
            last = contents
            return true
        }
    }
}
