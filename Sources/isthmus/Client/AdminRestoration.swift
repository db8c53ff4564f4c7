import AdminClient
import Documents
import Foundation

/// Sends a backup to a running server.
struct AdminRestoration: Sendable {
    let session: AdminSession
    /// The path of the backup; `-` for standard input.
    let file: String

    /// What every SQLite database begins with.
    private static let signature = Array("SQLite format 3\0".utf8)
    /// The largest backup, in bytes.
    private static let byteLimit = 1 << 30

    /// Sends the file; if it `waits`, suspends until the operation that this begins has ended.
    func run(waits: Bool) async throws {
        let bytes = try self.bytes()
        var call = AdminCall(.post, ["api", "v1", "system", "restore"])
        call.body = .bytes(bytes, mediaType: "application/vnd.sqlite3")
        let operation = try await self.session.answer(to: call).document()
        guard let name = operation.text(at: "metadata.name") else {
            throw AdminClientError.malformed("the answer is not an operation")
        }
        self.session.console.say("the server has the backup; operation/\(TerminalText.printable(name))")
        if waits { try await self.follow(name) }
    }

    private func bytes() throws(CommandFailure) -> [UInt8] {
        let data: Data
        do {
            let handle =
                self.file == "-"
                ? FileHandle.standardInput : try FileHandle(forReadingFrom: URL(filePath: self.file))
            var whole = Data()
            while whole.count <= Self.byteLimit, let piece = try handle.read(upToCount: 1 << 20),
                !piece.isEmpty
            {
                whole += piece
            }
            data = whole
        } catch {
            throw CommandFailure(
                .failed,
                "\(self.file) cannot be read: \((error as NSError).localizedDescription)"
            )
        }
        guard data.count <= Self.byteLimit else {
            throw CommandFailure(.failed, "\(self.file) has more than \(Self.byteLimit >> 20) MiB")
        }
        guard data.starts(with: Self.signature) else {
            throw CommandFailure(
                .failed,
                "\(self.file) is not a file of `isthmus backup`; a snapshot of etcd needs no --admin"
            )
        }
        return Array(data)
    }

    private func follow(_ name: String) async throws {
        while true {
            let operation = try await self.session.document(["api", "v1", "operations", name])
            switch operation.text(at: "status.state") {
            case "succeeded": return self.session.console.say("restored")
            case "failed":
                let detail = operation.text(at: "status.problem.detail") ?? "the server does not say why"
                throw CommandFailure(
                    .failed,
                    "the backup was not restored: \(TerminalText.printable(detail))"
                )
            default: try await Task.sleep(for: .milliseconds(200))
            }
        }
    }
}
