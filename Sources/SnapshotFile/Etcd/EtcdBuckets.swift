/// The buckets and fields of etcd's schema (etcd `server/storage/schema`).
enum EtcdBuckets {
    static let alarm = "alarm"
    static let auth = "auth"
    static let authRoles = "authRoles"
    static let authUsers = "authUsers"
    static let cluster = "cluster"
    static let key = "key"
    static let lease = "lease"
    static let members = "members"
    static let removedMembers = "members_removed"
    static let meta = "meta"

    /// Fields of the bucket `meta`.
    enum Meta {
        static let confState = "confState"
        static let consistentIndex = "consistent_index"
        static let finishedCompactRevision = "finishedCompactRev"
        static let scheduledCompactRevision = "scheduledCompactRev"
        static let storageVersion = "storageVersion"
        static let term = "term"
    }

    /// Fields of the bucket `auth`.
    enum Auth {
        static let isEnabled = "authEnabled"
        static let revision = "authRevision"
    }

    /// The length of a revision's bytes: two numbers and what is between them.
    static let revisionByteCount = 17
    /// The largest revision that is accepted, so that there are others above it.
    static let maximumRevision: Int64 = 1 << 61
    /// Marks the revision of a tombstone.
    static let tombstoneMark = UInt8(ascii: "t")

    /// Returns the bytes of a number as etcd stores it.
    static func bigEndian(_ number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
    }

    /// Returns the bytes of a revision.
    static func revision(_ main: Int64, _ sub: Int64 = 0) -> [UInt8] {
        Self.bigEndian(UInt64(bitPattern: main)) + [UInt8(ascii: "_")]
            + Self.bigEndian(UInt64(bitPattern: sub))
    }

    /// Returns the numbers of a revision, or `nil` when these are not its bytes.
    static func revision(_ bytes: ArraySlice<UInt8>) -> (main: Int64, sub: Int64)? {
        guard bytes.count >= Self.revisionByteCount, bytes[bytes.startIndex + 8] == UInt8(ascii: "_") else {
            return nil
        }
        let main = bytes.bigEndian(at: 0, as: Int64.self)
        let sub = bytes.bigEndian(at: 9, as: Int64.self)
        return 0...Self.maximumRevision ~= main && sub >= 0 ? (main, sub) : nil
    }
}
