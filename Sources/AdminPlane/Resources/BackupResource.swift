import Documents
import MeshResources
import MeshSchema
import MicroHTTP
import NIOCore
import Persistence
import Synchronization

/// Backups of `admin.db` while it is in use, and the way back.
///
/// Only a backup itself has secrets in it: hashes of tokens, and whatever else objects keep apart.
struct BackupResource: Sendable {
    /// The most bytes of a backup that is sent to us.
    static let bodyLimit = 268_435_456
    /// What the audit calls it.
    private static let auditKind = "system"
    /// What the job is called.
    private static let action = "restore"

    let environment: AdminEnvironment
    let jobs: JobRunner

    var operations: [Operation] {
        [
            Operation(
                "backUp",
                "POST",
                "/api/v1/system/backup",
                .scope(.admin),
                produces: [MediaType.sqlite]
            ) { (call) throws(Problem) in try await self.backUp(call) },
            Operation(
                "restore",
                "POST",
                "/api/v1/system/restore",
                .scope(.admin),
                query: ["dryRun"],
                body: .file([MediaType.sqlite]),
                bodyLimit: Self.bodyLimit
            ) { (call) throws(Problem) in try await self.restore(call) },
        ]
    }

    // MARK: - Out

    private func backUp(_ call: Call) async throws(Problem) -> Reply {
        guard let file = self.environment.scratch.makeFile() else {
            var problem = Problem(.notAvailable, "too many backups are being made or restored")
            problem.retryAfterSeconds = 10
            throw problem
        }
        do {
            try await self.environment.store.backUp(to: file.path)
            // Nobody gets secrets without a line that says who.
            let line = AuditLine.draft(
                call,
                verb: "backup",
                kind: Self.auditKind,
                name: "admin.db",
                status: 200
            )
            try await self.environment.store.write { (transaction) throws(PersistenceError) in
                try transaction.audit(line)
                return .commit(())
            }
        } catch {
            throw Problem(error)
        }
        let time = Moment.text(self.environment.now()).filter { $0 != ":" && $0 != "-" }
        let name = "isthmus-\(self.environment.cluster.name.rawValue)-\(time).sqlite3"
        return Reply(
            200,
            .stream(FileStream(file).stream, type: MediaType.sqlite),
            fields: ["Content-Disposition": "attachment; filename=\"\(name)\""]
        )
    }

    // MARK: - In

    private func restore(_ call: Call) async throws(Problem) -> Reply {
        let isDryRun = try ChangeOptions(call, now: self.environment.now()).isDryRun
        guard let file = call.request.sink as? ScratchFile else {
            throw Problem(.malformedBody, "the body is empty; it must be a backup")
        }
        let idempotency = try IdempotencyKey(call, self.environment) { () throws(Problem) in
            try self.digest(file)
        }
        let backup = try await self.read(file)
        if isDryRun {
            let plan = RestorePlan(backup.tables, over: self.environment.store.tables)
            return Reply(document: plan.summary.document, fields: ["Isthmus-Dry-Run": "true"])
        }
        try self.jobs.checkRoom()
        let total = Int64(backup.tables.kinds.reduce(0) { $0 + backup.tables.count($1) })
        let result: Result<(Reply, name: String?), Problem>
        do throws(AdminStoreError) {
            result = try await self.environment.store.write { (transaction) throws(PersistenceError) in
                if let key = idempotency, let answer = try transaction.answer(forKey: key.storedKey) {
                    return .rollBack(key.reply(answer).map { ($0, nil) })
                }
                let isRunning = JobRunner.records(in: transaction.tables).contains {
                    $0.action == Self.action && !$0.isOver
                }
                if isRunning {
                    return .rollBack(.failure(Problem(.conflict, "another restore is not over yet")))
                }
                let record = try self.jobs.create(Self.action, total: total, in: transaction)
                let reply = Reply(
                    202,
                    document: record.document,
                    fields: ["Location": JobsResource.path(record.name)]
                )
                if let key = idempotency { try transaction.store(key.answer(reply), forKey: key.storedKey) }
                return .commit(.success((reply, record.name)))
            }
        } catch {
            throw Problem(error)
        }
        let (reply, name) = try result.get()
        if let name {
            self.jobs.enqueue(name) { (job) throws(Problem) in try await self.apply(backup, job, call) }
        }
        return reply
    }

    /// Reads and checks a backup.
    ///
    /// - Throws: 400 with what is wrong with it.
    private func read(_ file: ScratchFile) async throws(Problem) -> AdminBackup {
        let backup: AdminBackup
        do throws(PersistenceError) {
            guard try file.finish() > 0 else { throw .foreign(path: file.path, reason: "it is empty") }
            backup = try await AdminBackup.read(path: file.path, sha256: self.environment.sha256)
        } catch {
            throw Self.problem(error)
        }
        for kind in backup.tables.kinds {
            for object in backup.tables.objects(kind) { try self.check(object, backup.tables) }
        }
        return backup
    }

    /// Checks an object as if somebody had sent it. Objects of kinds that this version does not know are
    /// carried along: a newer one wrote them, and will know them.
    private func check(_ object: AdminObject, _ tables: AdminTables) throws(Problem) {
        let problems = FieldProblems()
        guard let spec = try? JSONReader.read(object.spec), (try? JSONReader.read(object.status)) != nil
        else {
            throw Problem(.malformedBody, "the backup's \(object.kind) \(object.name) cannot be read")
        }
        guard let kind = RestorePlan.kind(object.kind) else { return }
        if let sentence = kind.nameProblem(object.name, self.environment.cluster) {
            throw Problem(.malformedBody, "the backup's \(kind.kind) \(object.name): \(sentence)")
        }
        let context = ObjectKind.Context(cluster: self.environment.cluster, name: object.name) {
            tables.objects($0)
        }
        let pointer = JSONPointer.root.member("spec")
        kind.checkSpec(FieldReader(spec, at: pointer, problems: problems), context)
        guard let first = problems.all.first else { return }
        throw Problem(
            .malformedBody,
            "the backup's \(kind.kind) \(object.name) is not valid here: \(first.pointer): \(first.message)"
        )
    }

    /// Makes the objects those of the backup, in one transaction that also ends the job.
    private func apply(_ backup: AdminBackup, _ job: Job, _ call: Call) async throws(Problem) -> DocumentValue
    {
        do throws(AdminStoreError) {
            return try await self.environment.store.write { (transaction) throws(PersistenceError) in
                let plan = RestorePlan(backup.tables, over: transaction.tables)
                try plan.apply(in: transaction)
                let summary = plan.summary.summary
                var line = AuditLine.draft(
                    call,
                    verb: Self.action,
                    kind: Self.auditKind,
                    name: "admin.db",
                    status: 202
                )
                line.difference = JSONWriter.write([
                    "operation": .string(job.name), "summary": summary,
                    "backupAuditHash": .string(AuditLine.hexadecimal(backup.auditHash)),
                ])
                try transaction.audit(line)
                try job.succeed(summary, in: transaction)
                return .commit(summary)
            }
        } catch {
            throw Problem(error)
        }
    }

    /// Stands for the bytes of a file, without having them all in memory.
    private func digest(_ file: ScratchFile) throws(Problem) -> [UInt8] {
        do throws(PersistenceError) {
            let size = try file.finish()
            var digest: [UInt8] = []
            var offset: Int64 = 0
            while offset < size {
                let bytes = try file.read(at: offset, count: 1_048_576)
                guard !bytes.isEmpty else { break }
                digest = self.environment.sha256(digest + bytes)
                offset += Int64(bytes.count)
            }
            return digest
        } catch {
            throw Self.problem(error)
        }
    }

    private static func problem(_ error: PersistenceError) -> Problem {
        switch error {
        case .foreign(_, let reason), .corrupt(_, let reason):
            Problem(.malformedBody, "the body is not a backup that can be restored: \(reason)")
        case .newerSchema(_, let found, let supported):
            Problem(
                .malformedBody,
                "the backup was made by a newer version: it has schema \(found), and \(supported) is known"
            )
        case .diskFull: Problem(.storageFull, "the disk of the server is full; nothing was changed")
        case .inUse, .io: Problem(.internal, "the backup cannot be read: \(error)")
        }
    }
}

/// Sends a file piece by piece.
private final class FileStream: Sendable {
    private let file: ScratchFile
    private let offset = Mutex<Int64>(0)

    init(_ file: ScratchFile) {
        self.file = file
    }

    var stream: ResponseStream {
        ResponseStream(
            waker: StreamWaker(),
            next: { maximum in self.next(maximum) },
            ended: { _ in }
        )
    }

    private func next(_ maximum: Int) -> ResponseStream.Step {
        self.offset.withLock { offset in
            guard let bytes = try? self.file.read(at: offset, count: max(1, min(maximum, 65_536))) else {
                return .failure
            }
            offset += Int64(bytes.count)
            return bytes.isEmpty ? .end : .bytes(ByteBuffer(bytes: bytes))
        }
    }
}
