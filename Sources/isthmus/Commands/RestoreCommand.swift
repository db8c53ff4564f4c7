import ArgumentParser

/// `isthmus restore`: makes a state directory from a snapshot.
struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Make a new state directory from a snapshot, of this server or of an etcd.",
        discussion: """
            Reads what `etcdctl snapshot save` wrote. Keys, their history, leases, users and roles come \
            back; the cluster has a new ID, so that clients list again. Certificates are not part of a \
            snapshot: a directory `pki` may be in the state directory already.
            """
    )

    @Argument(help: "The snapshot.")
    var file: String

    @Option(help: "The directory for the server's state: new or empty, but for certificates.")
    var stateDir: String

    @Flag(help: "Accept a file without a checksum, such as member/snap/db of a stopped etcd.")
    var skipHashCheck = false

    @Option(
        help: """
            Go on so many revisions above the snapshot's, and treat everything before as compacted: for \
            clients that remember revisions and do not look at the cluster's ID.
            """
    )
    var bumpRevision: Int64 = 0

    func validate() throws {
        guard 0...Restoration.maximumBump ~= self.bumpRevision else {
            throw ValidationError("--bump-revision must be from 0 to \(Restoration.maximumBump)")
        }
    }

    func run() throws {
        let restoration = Restoration(
            file: self.file,
            stateDirectory: StateDirectory(path: self.stateDir),
            skipsHashCheck: self.skipHashCheck,
            bump: self.bumpRevision
        )
        print(try restoration.run())
    }
}
