import Documents
import Persistence

/// A long job as it is kept and shown; REST calls it an operation.
struct JobRecord: Sendable {
    /// The kind of these objects in the admin store, and the element of their paths.
    static let kind = "operations"
    /// The kind as documents have it.
    static let kindName = "Operation"

    /// How far a job is.
    enum State: String, Sendable {
        case pending
        case running
        case succeeded
        case failed
    }

    /// The name.
    let name: String
    /// What is done, such as `restore`.
    let action: String
    /// When it was asked for, in nanoseconds since 1970.
    let createdAt: Int64
    var state = State.pending
    var done: Int64 = 0
    var total: Int64 = 0
    /// When the work began and ended, in nanoseconds since 1970.
    var startedAt: Int64?
    var finishedAt: Int64?
    /// What it led to.
    var result: DocumentValue?
    /// Why it failed.
    var problem: DocumentValue?

    /// Whether nothing will change any more.
    var isOver: Bool { self.state == .succeeded || self.state == .failed }

    init(name: String, action: String, createdAt: Int64, total: Int64) {
        self.name = name
        self.action = action
        self.createdAt = createdAt
        self.total = total
    }

    /// Reads a record as it is kept; `nil` for an object that is none.
    init?(_ object: AdminObject) {
        guard let action = (try? JSONReader.read(object.spec))?.object?["action"]?.string,
            let status = (try? JSONReader.read(object.status))?.object,
            let state = (status["state"]?.string).flatMap(State.init)
        else { return nil }
        self.init(name: object.name, action: action, createdAt: object.createdAt, total: 0)
        self.state = state
        self.done = status["progress"]?.object?["done"]?.integer ?? 0
        self.total = status["progress"]?.object?["total"]?.integer ?? 0
        self.startedAt = status["startedAt"]?.integer
        self.finishedAt = status["finishedAt"]?.integer
        self.result = status["result"]
        self.problem = status["problem"]
    }

    /// The record as it is kept: like the document, with times in nanoseconds.
    var draft: AdminObjectDraft {
        var draft = AdminObjectDraft(kind: Self.kind, name: self.name)
        draft.spec = JSONWriter.write(["action": .string(self.action)])
        draft.status = JSONWriter.write(.object(self.status { .integer($0) }))
        return draft
    }

    /// The record as clients see it.
    var document: DocumentValue {
        [
            "kind": .string(Self.kindName),
            "metadata": [
                "name": .string(self.name), "creationTimestamp": .string(Moment.text(self.createdAt)),
            ],
            "spec": ["action": .string(self.action)],
            "status": .object(self.status { .string(Moment.text($0)) }),
        ]
    }

    private func status(_ time: (Int64) -> DocumentValue) -> DocumentObject {
        var status = DocumentObject()
        status["state"] = .string(self.state.rawValue)
        status["progress"] = ["done": .integer(self.done), "total": .integer(self.total)]
        status["startedAt"] = self.startedAt.map(time)
        status["finishedAt"] = self.finishedAt.map(time)
        status["result"] = self.result
        status["problem"] = self.problem
        return status
    }
}
