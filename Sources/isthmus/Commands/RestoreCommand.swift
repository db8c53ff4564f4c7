import ArgumentParser

/// `isthmus restore`: makes a state directory from a snapshot, or gives a running server its objects back.
struct RestoreCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract:
            "Make a new state directory from a snapshot; with --admin, put a backup back into a server.",
        discussion: """
            isthmus restore snapshot.db --state-dir /var/lib/isthmus
            isthmus restore --admin backup.db

            The first reads what `etcdctl snapshot save` wrote, of this server or of an etcd; no server runs \
            meanwhile. Keys, their history, leases, users and roles come back; the cluster has a new ID, so \
            that clients list again. Certificates are not part of a snapshot: a directory `pki` may be in \
            the state directory already.

            The second sends what `isthmus backup` wrote to a running server, which takes it in place of its \
            objects, events, audit and tokens.
            """
    )

    @Argument(help: "The snapshot or the backup.", completion: .file())
    var file: String

    @Option(
        help: """
            The directory for the server's state: new or empty, but for certificates. With --admin: the \
            directory of the running server.
            """,
        completion: .directory
    )
    var stateDir: String?

    @Flag(help: "Accept a file without a checksum, such as member/snap/db of a stopped etcd.")
    var skipHashCheck = false

    @Option(
        help: """
            Go on so many revisions above the snapshot's, and treat everything before as compacted: for \
            clients that remember revisions and do not look at the cluster's ID.
            """
    )
    var bumpRevision: Int64 = 0

    @Flag(help: "Send the file to a running server.")
    var admin = false

    @Flag(help: "With --admin: wait until the server has taken it.")
    var wait = false

    @OptionGroup(title: "Connection, with --admin") var server: ServerOptions

    func validate() throws {
        guard 0...Restoration.maximumBump ~= self.bumpRevision else {
            throw ValidationError("--bump-revision must be from 0 to \(Restoration.maximumBump)")
        }
        if self.admin {
            guard !self.skipHashCheck, self.bumpRevision == 0 else {
                throw ValidationError(
                    "--skip-hash-check and --bump-revision are for snapshots, not for --admin"
                )
            }
        } else {
            guard self.stateDir != nil else {
                throw ValidationError("--state-dir says where to restore the snapshot; or is --admin meant?")
            }
            let hasFlags = self.server.flags(stateDirectory: nil) != .init() || self.server.timeout != nil
            guard !self.wait, !hasFlags else {
                throw ValidationError("a snapshot is restored without a server: --admin is missing")
            }
        }
    }

    func run() async throws {
        if self.admin {
            return try await AdminSession.run(
                .ofThisProcess(flags: self.server.flags(stateDirectory: self.stateDir)),
                limit: self.server.timeout?.duration ?? .seconds(600),
                isPatient: self.wait
            ) { try await AdminRestoration(session: $0, file: self.file).run(waits: self.wait) }
        }
        let restoration = Restoration(
            file: self.file,
            stateDirectory: StateDirectory(path: self.stateDir ?? ""),
            skipsHashCheck: self.skipHashCheck,
            bump: self.bumpRevision
        )
        print(try restoration.run())
    }
}
