import Foundation
import Logging
import NIOSSL
import PKI
import Synchronization

/// Where the data plane's credentials come from, and what was seen there last.
final class CredentialSource: Sendable {
    private enum Kind {
        case directory(PKIDirectory)
        case files(CredentialFiles)
    }

    private let kind: Kind
    private let logger: Logger
    /// What identifies the credentials that were loaded last.
    private let lastSeen = Mutex<[UInt8]>([])
    private let expiries = Mutex<[(name: String, notAfter: Int64)]>([])

    private init(_ kind: Kind, logger: Logger) {
        self.kind = kind
        self.logger = logger
    }

    /// Our own authority's directory.
    static func automatic(_ directory: PKIDirectory, logger: Logger) -> CredentialSource {
        CredentialSource(.directory(directory), logger: logger)
    }

    /// PEM files that somebody else replaces.
    static func files(_ files: CredentialFiles, logger: Logger) -> CredentialSource {
        CredentialSource(.files(files), logger: logger)
    }

    /// When the certificates end, by name, in seconds since 1970; empty for files.
    var certificateExpiries: [(name: String, notAfter: Int64)] { self.expiries.withLock { $0 } }

    /// Loads what is there now; `nil` when it is what was loaded last.
    func load() throws -> NIOSSLContext? {
        switch self.kind {
        case .directory(let directory):
            var generator = SystemRandomNumberGenerator()
            let credentials = try directory.load(now: Int64(Date().timeIntervalSince1970), using: &generator)
            for notice in credentials.notices { self.log(notice) }
            self.note(credentials)
            guard self.isNew(credentials.server.leaf.fingerprint) else { return nil }
            return try TLSContexts.makeContext(credentials.server)
        case .files(let files):
            // Contents, not times: secrets mounted by Kubernetes change by swapping a link.
            let paths = [files.certificate, files.key] + (files.authorities.map { [$0] } ?? [])
            let contents = paths.flatMap { path in
                FileManager.default.contents(atPath: path).map { [UInt8]($0) } ?? []
            }
            guard self.isNew(contents) else { return nil }
            do {
                return try TLSContexts.makeContext(files)
            } catch {
                // To be tried again: the files may be in the middle of being replaced.
                self.lastSeen.withLock { $0 = [] }
                throw error
            }
        }
    }

    private func isNew(_ identity: [UInt8]) -> Bool {
        self.lastSeen.withLock { last in
            guard last != identity else { return false }
            last = identity
            return true
        }
    }

    private func note(_ credentials: MeshCredentials) {
        let leaves = CertificateProfile.allCases.map { profile in
            (name: profile.rawValue, notAfter: credentials[profile].leaf.validity.notAfter)
        }
        let roots = credentials.trustRoots.map { (name: "ca", notAfter: $0.validity.notAfter) }
        self.expiries.withLock { $0 = leaves + roots.prefix(1) }
    }

    private func log(_ notice: PKIDirectory.Notice) {
        switch notice {
        case .created(let file):
            self.logger.info("a credential was made", metadata: ["file": "\(file)"])
        case .reissued(let file, let reason):
            self.logger.info(
                "a certificate was issued anew",
                metadata: ["file": "\(file)", "reason": "\(reason)"]
            )
        case .renewalDue(let file, let validity):
            self.logger.warning(
                "a certificate should be renewed and cannot be renewed here",
                metadata: ["file": "\(file)", "validity": "\(validity)"]
            )
        case .tightened(let file, let mode):
            self.logger.warning(
                "others had access to a file of the PKI; it was taken away",
                metadata: ["file": "\(file)", "mode": "\(String(mode, radix: 8))"]
            )
        }
    }
}
