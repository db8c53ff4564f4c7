/// Why the log could not do what it was asked for.
///
/// Every case names the file.
package enum PersistenceError: Error, Hashable, Sendable {
    /// Another process, or another part of this one, has the file open.
    case inUse(path: String)
    /// The file is not a store of this program. It was not touched.
    case foreign(path: String, reason: String)
    /// The file was written by a newer version of this program. It was not touched.
    case newerSchema(path: String, found: Int, supported: Int)
    /// The file is a store of this program, but damaged.
    case corrupt(path: String, reason: String)
    /// The disk or the quota is full. Nothing of the call was written.
    case diskFull(path: String)
    /// The operating system or SQLite refused; `code` is SQLite's extended result code, or `errno` of a file
    /// operation.
    case io(path: String, code: Int32, reason: String)
}

extension PersistenceError: CustomStringConvertible {
    /// A sentence for a person that names the file and the reason.
    package var description: String {
        switch self {
        case .inUse(let path):
            "\(path) is in use by another process"
        case .foreign(let path, let reason):
            "\(path) is not a store of this program and was left untouched: \(reason)"
        case .newerSchema(let path, let found, let supported):
            "\(path) has schema \(found), newer than \(supported), the newest that this version knows; "
                + "it was left untouched"
        case .corrupt(let path, let reason):
            "\(path) is damaged: \(reason)"
        case .diskFull(let path):
            "no space is left to write \(path)"
        case .io(let path, let code, let reason):
            "\(path) cannot be read or written: \(reason) (code \(code))"
        }
    }
}
