import Foundation

/// The data directory of a server that stands in for etcd: `<data-dir>/member/store.db`.
struct EtcdDirectory {
    let path: String
    private let lock: Int32

    /// Makes the directory if it is not there, and takes it for this process alone until the process ends.
    ///
    /// - Throws: ``StartFailure``, also when the directory is another server's or real etcd's.
    init(_ path: String) throws(StartFailure) {
        self.path = path
        let member = path + "/member"
        let files = FileManager.default
        for foreign in ["snap", "wal"] where files.fileExists(atPath: "\(member)/\(foreign)") {
            throw StartFailure(
                description: """
                    \(member)/\(foreign) is there: \(path) holds the data of real etcd, which isthmus cannot \
                    read; give it a --data-dir of its own
                    """
            )
        }
        // For every file of this process, also those that libraries make.
        umask(0o077)
        do {
            // What is there keeps its mode, as in etcd: the directory may be a mount that is somebody else's.
            try files.createDirectory(
                atPath: member,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw StartFailure(description: "the data directory \(path) cannot be used: \(error)")
        }
        self.lock = open(member + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard self.lock >= 0, flock(self.lock, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            throw StartFailure(
                description: code == EWOULDBLOCK
                    ? "another process uses the data directory \(path)"
                    : "\(member)/lock cannot be locked: \(String(cString: strerror(code)))"
            )
        }
    }

    /// The file of the log.
    var store: String { self.path + "/member/store.db" }
}
