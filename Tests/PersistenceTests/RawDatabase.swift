import GRDB

/// A connection that knows nothing of our log, to make databases that are not ours, and to harm those that
/// are.
///
/// In a file of its own, because GRDB, too, has a type named `PersistenceError`.
struct RawDatabase {
    private let queue: DatabaseQueue

    init(_ path: String) throws {
        self.queue = try DatabaseQueue(path: path)
    }

    func execute(_ sql: String) throws {
        try self.queue.writeWithoutTransaction { try $0.execute(sql: sql) }
    }

    func close() throws {
        try self.queue.close()
    }
}
