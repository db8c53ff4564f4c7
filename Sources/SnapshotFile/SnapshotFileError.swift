/// Why a file cannot be read as a snapshot, or a state not be written as one.
package enum SnapshotFileError: Error, Hashable, Sendable {
    /// The file is no bbolt database.
    case foreign(reason: String)
    /// The file ends before what it says it holds.
    case truncated(expectedBytes: Int, foundBytes: Int)
    /// A page is not what it should be; `offset` is where it begins in the file, in bytes.
    case damagedPage(number: UInt64, offset: Int, reason: String)
    /// An element of a bucket is not what etcd writes there.
    case damagedElement(bucket: String, key: String, reason: String)
    /// Bytes of the file could not be read.
    case unreadable(offset: Int, reason: String)
    /// A name of a user or role is longer than the format allows.
    case nameTooLong(limitBytes: Int)
}

extension SnapshotFileError: CustomStringConvertible {
    /// A part of a sentence, to follow "the file" and a colon.
    package var description: String {
        switch self {
        case .foreign(let reason):
            "it is not a snapshot of etcd: \(reason)"
        case .truncated(let expected, let found):
            "it is cut short: it should have \(expected) bytes, and has \(found)"
        case .damagedPage(let number, let offset, let reason):
            "it is damaged: page \(number) (at byte \(offset)): \(reason)"
        case .damagedElement(let bucket, let key, let reason):
            "it is damaged: in the bucket \"\(bucket)\", the element \(key): \(reason)"
        case .unreadable(let offset, let reason):
            "it cannot be read at byte \(offset): \(reason)"
        case .nameTooLong(let limit):
            "a user's or role's name is longer than \(limit) bytes, the most that the file can hold"
        }
    }
}
