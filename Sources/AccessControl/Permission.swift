/// One grant of a role: a kind of access to an interval of keys.
package struct Permission: Hashable, Sendable {
    /// What a permission is good for.
    package enum Kind: Hashable, Sendable {
        /// Ranges, compares and watches.
        case read
        /// Puts and deletes.
        case write
        /// Both.
        case readWrite
    }

    /// What may be done.
    package var kind: Kind
    /// The first key; never empty in a permission that grants something.
    package var key: [UInt8]
    /// The end, as etcd writes it: empty for the one key, a single zero byte for no upper bound, else the
    /// first key that is no longer granted.
    package var rangeEnd: [UInt8]

    /// Creates a permission for the one key, or up to an end.
    package init(_ kind: Kind, key: [UInt8], rangeEnd: [UInt8] = []) {
        self.kind = kind
        self.key = key
        self.rangeEnd = rangeEnd
    }

    /// Creates a permission for every key that begins with `prefix`, which is not empty.
    package init(_ kind: Kind, prefix: [UInt8]) {
        self.init(kind, key: prefix, rangeEnd: Self.end(ofPrefix: prefix))
    }

    /// Whether etcd would accept the permission: it has a key, and the end, if any, is above it.
    ///
    /// A permission that is not valid grants nothing.
    package var isValid: Bool { KeyInterval(self) != nil }
    /// Returns the first key above all that begin with `prefix`, as etcd's clients compute it.
    private static func end(ofPrefix prefix: [UInt8]) -> [UInt8] {
        var end = prefix
        while let last = end.popLast() {
            guard last == 0xff else { return end + [last + 1] }
        }
        // Nothing is above a prefix of 0xff bytes only.
        return [0]
    }
}
