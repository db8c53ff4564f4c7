// AccessControl: who a client is, and which keys it may touch.
//
// `Identity` reads a certificate's name, `StandardRoles` says what each identity is granted, and a
// `PermissionTable` answers requests. All of it is values and pure functions: this target knows no
// certificate, no connection and no store, and it never sees which keys exist. It decides with what etcd
// would decide, on the bytes of the request.
//
// It is not the export policy: which of the keys in a permitted range a peer sees is its view's business.
// Begin with `Authorization`, what a connection keeps.

/// What someone may read and write: permissions, compiled for lookup.
///
/// A request is allowed when the union of the permissions of a kind holds all of its keys, whether they exist
/// or not; intervals that overlap or touch count as one, as in etcd.
package struct PermissionTable: Hashable, Sendable {
    private let reads: KeyIntervals
    private let writes: KeyIntervals

    /// Every key may be read and written, and ranges may begin anywhere.
    package static let everything = PermissionTable(reads: [.everything], writes: [.everything])
    /// No key may be read or written.
    package static let nothing = PermissionTable([])

    /// Compiles permissions; those that are not valid grant nothing.
    ///
    /// - Complexity: O(*n* log *n*) for *n* permissions.
    package init(_ permissions: [Permission]) {
        self.init(
            reads: permissions.filter { $0.kind != .write }.compactMap(KeyInterval.init),
            writes: permissions.filter { $0.kind != .read }.compactMap(KeyInterval.init)
        )
    }

    private init(reads: [KeyInterval], writes: [KeyInterval]) {
        self.reads = KeyIntervals(reads)
        self.writes = KeyIntervals(writes)
    }

    /// Whether there is any key that may be written.
    package var writesSomething: Bool { !self.writes.isEmpty }

    /// What may be read, as intervals in the order of keys, without overlaps.
    ///
    /// Each begins at `lower` and ends before `upper`, or not at all.
    package var readableIntervals: [(lower: [UInt8], upper: [UInt8]?)] {
        self.reads.intervals.map { ($0.lower, $0.upper) }
    }

    /// Whether all keys of a request may be read.
    ///
    /// Allocates nothing. The bytes are the request's own: for a watch, before its "every key" is translated.
    ///
    /// - Parameters:
    ///   - key: The request's key; an empty one is below all keys that permissions can name.
    ///   - rangeEnd: The request's end: empty for the one key, a single zero byte for no upper bound.
    /// - Returns: Whether the request is allowed.
    /// - Complexity: O(log *n*) for *n* intervals.
    package func allowsRead(key: Span<UInt8>, rangeEnd: Span<UInt8>) -> Bool {
        self.reads.contains(key: key, rangeEnd: rangeEnd)
    }

    /// Whether all keys of a request may be written, whose bytes are read as in
    /// ``allowsRead(key:rangeEnd:)``.
    package func allowsWrite(key: Span<UInt8>, rangeEnd: Span<UInt8>) -> Bool {
        self.writes.contains(key: key, rangeEnd: rangeEnd)
    }
}
