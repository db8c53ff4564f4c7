import AdminClient
import Documents
import Foundation

/// Shows objects, then each change of them.
struct ObjectWatch: Sendable {
    let session: AdminSession
    let kind: ResourceKind
    let output: OutputFormat
    let namespace: String?
    /// Returns the objects that are wanted, for what labels say.
    let list: @Sendable () async throws -> ObjectList

    /// What happened to an object, in Kubernetes' words.
    private enum Change: String {
        case added = "ADDED"
        case modified = "MODIFIED"
        case deleted = "DELETED"
    }

    /// Shows `first`, then follows the events after it; ends only with an error.
    func run(from first: ObjectList) async throws {
        var shown = Set(first.items.compactMap { ObjectName(self.kind, of: $0) })
        let widths = try self.showFirst(first.items)
        let query = EventQuery(since: first.resourceVersion, kind: self.kind.kind)
        try await self.session.events(query) { event in
            guard let name = event.text(at: "name").map({ ObjectName(self.kind, $0) }) else { return }
            let isThere = shown.contains(name)
            if event.text(at: "type")?.hasSuffix(".deleted") != true,
                let object = try await self.wanted(name)
            {
                shown.insert(name)
                try self.show(isThere ? .modified : .added, object, widths)
            } else if isThere {
                shown.remove(name)
                try self.show(.deleted, self.remains(of: name), widths)
            }
        }
        throw AdminClientError.brokenOff("\(self.session.connection.address) ended the events")
    }

    /// Returns the object when it is there and among those that are wanted.
    private func wanted(_ name: ObjectName) async throws -> DocumentValue? {
        try await self.list().items.first { ObjectName(self.kind, of: $0) == name }
    }

    /// What is left to show of an object that is gone.
    private func remains(of name: ObjectName) -> DocumentValue {
        let parts = name.name.split(separator: "/").map { DocumentValue.string(String($0)) }
        let metadata: DocumentValue =
            parts.count == 2 ? ["namespace": parts[0], "name": parts[1]] : ["name": .string(name.name)]
        return ["kind": .string(self.kind.kind), "metadata": metadata]
    }

    private func showFirst(_ objects: [DocumentValue]) throws -> [Int] {
        let table = self.table
        var first = TextTable(table.titles)
        for object in objects { first.add(table.cells(object, event: Change.added.rawValue)) }
        var widths = first.widths
        widths[0] = Change.modified.rawValue.count
        if self.output == .table {
            try self.session.console.write(first.text(widths: widths, hasTitles: true))
        } else {
            for object in objects { try self.show(.added, object, widths) }
        }
        return widths
    }

    private func show(_ change: Change, _ object: DocumentValue, _ widths: [Int]) throws {
        switch self.output {
        case .name:
            let name = ObjectName(self.kind, of: object)
            try self.session.console.write("\(name?.description ?? "")\n")
        case .json, .yaml:
            let line: DocumentValue = ["type": .string(change.rawValue), "object": object]
            try self.session.console.write(OutputFormat.line(line, self.output))
        case .table:
            var row = TextTable(self.table.titles)
            row.add(self.table.cells(object, event: change.rawValue))
            try self.session.console.write(row.text(widths: widths, hasTitles: false))
        }
    }

    private var table: ObjectTable { ObjectTable(kind: self.kind, now: Date(), eventTitle: "EVENT") }
}
