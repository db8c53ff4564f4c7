import AccessControl
import MVCC
import Persistence

/// What a commit is about to change: a copy of the key space, and what the log must be told.
struct WorkingBatch {
    /// Where the alarms are kept in the log.
    static let alarmDocument = "alarms"
    /// Where users and roles are kept in the log.
    static let authDocument = "auth"

    var keyspace: Keyspace
    private(set) var alarms: Set<Alarm>
    private(set) var auth: AuthState
    /// The users and roles as the log is to have them, if they changed.
    private var encodedAuth: [UInt8]?
    var leaseChanges: [LeaseChange] = []
    /// What was decided so far, in order.
    var decisions: [Decision] = []
    /// What the step does by itself; the decisions are counted when they are done.
    var work = CommittedWork()
    private var documents: [DocumentChange] = []
    private let firstPosition: Int
    private let firstByteCount: Int
    private let oldHorizon: Int64

    init(keyspace: Keyspace, alarms: Set<Alarm>, auth: AuthState) {
        self.keyspace = keyspace
        self.alarms = alarms
        self.auth = auth
        self.firstPosition = keyspace.history.end
        self.firstByteCount = keyspace.byteCount
        self.oldHorizon = keyspace.compactedRevision
    }

    /// The size of the new records, in bytes.
    var newByteCount: Int { self.keyspace.byteCount - self.firstByteCount }

    /// Everything that the log must take in one transaction.
    var logBatch: LogBatch {
        let history = self.keyspace.history
        return LogBatch(
            records: (self.firstPosition..<history.end).map { history[$0] },
            leaseChanges: self.leaseChanges,
            compactedRevision: self.keyspace.compactedRevision == self.oldHorizon
                ? nil : self.keyspace.compactedRevision,
            documents: self.documents + self.authDocuments,
            headRevision: self.keyspace.revision
        )
    }

    /// Whether anything of `entry` has to be logged and published; keep-alives and look-ups have not.
    func hasChanges(_ entry: LogBatch) -> Bool {
        !entry.records.isEmpty || !entry.leaseChanges.isEmpty || entry.compactedRevision != nil
            || !entry.documents.isEmpty
    }

    /// Raises or clears an alarm; returns whether that changed anything.
    mutating func setAlarm(_ alarm: Alarm, isRaised: Bool) -> Bool {
        let changes = isRaised ? self.alarms.insert(alarm).inserted : self.alarms.remove(alarm) != nil
        guard changes else { return false }
        self.setDocument(Self.alarmDocument, self.alarms.map(\.rawValue).sorted())
        return true
    }

    /// Changes users and roles, or leaves them and says why.
    mutating func apply(_ command: AuthCommand) throws(AuthError) -> AuthOutcome {
        var changed = self.auth
        let outcome = try changed.apply(command)
        guard outcome == .changed else { return outcome }
        let encoded = changed.encoded
        guard encoded.count <= AuthState.maximumByteCount else {
            throw .tooLarge(limit: AuthState.maximumByteCount)
        }
        self.auth = changed
        self.encodedAuth = encoded
        return outcome
    }

    /// Whether users or roles changed.
    var hasNewAuth: Bool { self.encodedAuth != nil }

    private var authDocuments: [DocumentChange] {
        self.encodedAuth.map { [DocumentChange(auth: $0)] } ?? []
    }

    mutating func setDocument(_ name: String, _ bytes: [UInt8]?) {
        self.documents.removeAll { $0.name == name }
        self.documents.append(DocumentChange(name: name, bytes: bytes))
    }
}

extension DocumentChange {
    /// Creates the change that stores users and roles, in their encoded form, where a start looks for them.
    package init(auth encoded: [UInt8]) {
        self.init(name: WorkingBatch.authDocument, bytes: encoded)
    }
}
