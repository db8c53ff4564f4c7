import AdminClient
import ArgumentParser
import Documents

/// `isthmus diff`: says how a server's objects differ from what files say.
struct DiffCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show what apply would change, as diff -u does.",
        discussion: """
            Exits 0 when nothing differs and 1 when something does. What other commands say with 1, wrong \
            files for instance, is 2 here; the codes from 3 on are the same.
            """
    )

    @OptionGroup var manifests: ManifestOptions

    @OptionGroup var client: ClientOptions

    func run(in session: AdminSession) async throws {
        do {
            guard try await self.hasDifference(session) else { return }
        } catch let closed as OutputClosed {
            throw closed
        } catch {
            var failure = CommandFailure.from(error)
            if failure.status == .failed { failure.status = .usage }
            throw failure
        }
        throw ExitCode(ExitStatus.failed.rawValue)
    }

    private func hasDifference(_ session: AdminSession) async throws -> Bool {
        let manifests = try self.manifests.manifests()
        let application = Application(
            session: session,
            manifests: manifests,
            prunes: self.manifests.prune,
            selector: self.manifests.selector
        )
        let wanted = Dictionary(uniqueKeysWithValues: manifests.map { ($0.name, $0.document) })
        var differs = false
        for item in try await application.run(isDry: true).items where item.action != .unchanged {
            let old = try await self.live(item.name, session)
            let new =
                item.action == .delete
                ? nil : try await self.future(item.name, wanted[item.name] ?? .null, session)
            let lines = LineDiff.unified(from: ObjectText.lines(old), to: ObjectText.lines(new))
            guard !lines.isEmpty else { continue }
            differs = true
            try self.print(item.name, lines, session.console)
        }
        return differs
    }

    /// Returns the object as it is; `nil` when there is none.
    private func live(_ name: ObjectName, _ session: AdminSession) async throws -> DocumentValue? {
        let answer = try await session.answer(to: AdminCall(.get, try name.path))
        return answer.status == 404 ? nil : try answer.document()
    }

    /// Returns the object as it would be: the server adds what the file leaves out.
    private func future(
        _ name: ObjectName,
        _ document: DocumentValue,
        _ session: AdminSession
    ) async throws -> DocumentValue {
        try await session.document(.put, try name.path, query: [("dryRun", "All")], body: document)
    }

    private func print(_ name: ObjectName, _ lines: [String], _ console: Console) throws {
        let head = ["--- server/\(name)", "+++ files/\(name)"].map { console.coloured($0, .bold) }
        let body = lines.map { line in
            switch line.first {
            case "-": console.coloured(line, .red)
            case "+": console.coloured(line, .green)
            case "@": console.coloured(line, .cyan)
            default: line
            }
        }
        try console.write((head + body).map { $0 + "\n" }.joined())
    }
}
