import Documents
import MeshResources
import Persistence

/// Applies a configuration within one transaction.
///
/// The objects are written first and checked then, against what all of them have become: two peers may swap
/// their numbers. Whoever sees a problem rolls everything back.
struct ConfigurationChange {
    let call: Call
    let environment: AdminEnvironment
    let transaction: AdminTransaction
    /// The objects before.
    let before: AdminTables
    private(set) var plan = ChangePlan()
    /// The objects of the document that become something else.
    private var changed: [ConfigurationDocument.Item] = []
    /// The objects whose uid or version is not the one that the document says.
    private var conflicts: [String] = []
    private var lines: [AuditRecord.Draft] = []

    init(
        call: Call,
        environment: AdminEnvironment,
        transaction: AdminTransaction,
        before: AdminTables
    ) {
        self.call = call
        self.environment = environment
        self.transaction = transaction
        self.before = before
    }

    /// Creates and replaces what the document has.
    mutating func apply(_ document: ConfigurationDocument) throws(PersistenceError) {
        for item in document.items {
            let current = self.before.object(item.kind.plural, item.name)
            self.checkVersion(item, current)
            var draft = current?.draft ?? AdminObjectDraft(kind: item.kind.plural, name: item.name)
            draft.labels = item.body.labels
            draft.annotations = item.body.annotations
            draft.spec = JSONWriter.write(item.body.spec)
            guard draft != current?.draft else {
                self.plan.add(.unchanged, item.kind.kind, item.name)
                continue
            }
            _ = try item.kind.put(draft, .replace, in: self.transaction)
            self.plan.add(current == nil ? .create : .update, item.kind.kind, item.name)
            self.changed.append(item)
            self.note(current == nil ? .create : .replace, item.kind, item.name, current, draft.spec)
        }
    }

    /// Deletes what the document does not have, of what is meant. Settings are never deleted.
    mutating func prune(
        _ selection: ConfigurationSelection,
        _ document: ConfigurationDocument
    ) throws(PersistenceError) {
        let named = Set(document.items.map { $0.kind.id($0.name) })
        for kind in selection.kinds where kind.plural != ObjectKind.settings.plural {
            for object in self.before.objects(kind.plural)
            where selection.includes(object) && !named.contains(kind.id(object.name)) {
                try kind.delete(object.name, in: self.transaction)
                self.plan.add(.delete, kind.kind, object.name)
                self.note(.delete, kind, object.name, object, nil)
            }
        }
    }

    /// Checks the whole and writes the audit.
    ///
    /// - Returns: Why nothing of it must stay.
    func finish(_ document: ConfigurationDocument) throws(PersistenceError) -> Problem? {
        let problems = FieldProblems()
        for problem in document.problems { problems.add(problem.pointer, problem.code, problem.message) }
        let after = self.transaction.tables
        for item in self.changed {
            let context = ObjectKind.Context(cluster: self.environment.cluster, name: item.name) {
                after.objects($0)
            }
            item.kind.checkSpec(FieldReader(item.body.spec, at: item.spec, problems: problems), context)
        }
        guard problems.isEmpty else { return Problem(invalid: problems.all) }
        guard self.conflicts.isEmpty else {
            let names = self.conflicts.prefix(5).joined(separator: ", ")
            return Problem(.conflict, "uid or resourceVersion in the document are not those of \(names)")
        }
        for line in self.lines { try self.transaction.audit(line) }
        return nil
    }

    private mutating func checkVersion(_ item: ConfigurationDocument.Item, _ current: AdminObject?) {
        let version = item.body.resourceVersion
        let isSame =
            (item.body.uid == nil || item.body.uid == current?.uid)
            && (version == nil || version == current.map { String($0.resourceVersion) })
        if !isSame { self.conflicts.append("\(item.kind.kind) \(item.name)") }
    }

    private mutating func note(
        _ verb: ChangeVerb,
        _ kind: ObjectKind,
        _ name: String,
        _ current: AdminObject?,
        _ spec: [UInt8]?
    ) {
        self.lines.append(
            AuditLine.draft(
                self.call,
                verb: verb,
                id: kind.id(name),
                status: verb == .create ? 201 : 200,
                before: current?.spec,
                after: spec,
                sha256: self.environment.sha256
            )
        )
    }
}
