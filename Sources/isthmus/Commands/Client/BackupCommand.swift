import AdminClient
import ArgumentParser

/// `isthmus backup`: saves what the admin plane keeps.
struct BackupCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Save the objects, events, audit and tokens of a running server in a file.",
        discussion: """
            The file is an SQLite database that `isthmus restore --admin` puts back. It has the hashes of \
            tokens: it is readable by you alone. The keys of the data plane are saved by `etcdctl snapshot \
            save`, certificates by copying pki/.
            """
    )

    @Argument(help: "The file; - for standard output.", completion: .file())
    var file: String

    @Flag(help: "Replace the file if it is there.")
    var force = false

    @OptionGroup var client: ClientOptions

    var standardTimeout: Duration? { .seconds(600) }

    func run(in session: AdminSession) async throws {
        var call = AdminCall(.post, ["api", "v1", "system", "backup"])
        call.accept = "application/vnd.sqlite3"
        let body: AdminBody
        switch try await session.connection.stream(call) {
        case .refused(let answer): return try answer.check()
        case .accepted(_, let accepted): body = accepted
        }
        if self.file == "-" {
            return try await body.read { try session.console.write($0) }
        }
        let file = try PrivateFile(path: self.file)
        do {
            var byteCount = 0
            try await body.read { bytes in
                try file.write(bytes)
                byteCount += bytes.count
            }
            try file.finish(replacing: self.force)
            session.console.say("saved \(byteCount) bytes in \(self.file)")
        } catch {
            file.abandon()
            throw error
        }
    }
}
