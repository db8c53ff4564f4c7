/// How a method's messages flow, as far as the transport has to know.
package enum RPCMethodKind: Sendable {
    /// One message in, one message out.
    case unary
    /// Any number of messages in either direction.
    case stream
}

/// The methods a server knows: a path on the wire becomes a small number.
///
/// The number of a method is its position in the list the table was made from. Looking one up hashes the
/// bytes of `:path` where they lie, without making a `String`.
package struct RPCMethodTable: Sendable {
    private struct Entry {
        var start: Int
        var byteCount: Int
        var kind: RPCMethodKind
    }

    private var entries: [Entry] = []
    private var pathBytes: [UInt8] = []
    /// Open addressing; zero is free, otherwise the method's number plus one.
    ///
    /// At most half full.
    private var buckets: [UInt16]

    /// Creates the table; a path that occurs twice is a programming error.
    ///
    /// - Parameter methods: Paths such as `/etcdserverpb.KV/Range`, in the order of their numbers; fewer than
    ///   32,768.
    package init(_ methods: [(path: String, kind: RPCMethodKind)]) {
        precondition(methods.count < 32_768, "a method number has to fit its bucket")
        var bucketCount = 16
        while bucketCount < methods.count * 4 { bucketCount *= 2 }
        self.buckets = Array(repeating: 0, count: bucketCount)
        for method in methods {
            let bytes = Array(method.path.utf8)
            precondition(self.index(of: bytes.span) == nil, "a method path occurs twice")
            let entry = Entry(start: self.pathBytes.count, byteCount: bytes.count, kind: method.kind)
            self.pathBytes.append(contentsOf: bytes)
            self.entries.append(entry)
            var bucket = Self.hash(bytes.span) & (bucketCount - 1)
            while self.buckets[bucket] != 0 { bucket = (bucket + 1) & (bucketCount - 1) }
            self.buckets[bucket] = UInt16(self.entries.count)
        }
    }

    /// The number of methods.
    package var count: Int { self.entries.count }

    /// Returns the path of method `number`, as it was given.
    package func path(of number: Int) -> String {
        let entry = self.entries[number]
        return String(decoding: self.pathBytes[entry.start..<entry.start + entry.byteCount], as: UTF8.self)
    }

    /// Returns how the messages of method `number` flow.
    package func kind(of number: Int) -> RPCMethodKind { self.entries[number].kind }

    /// Returns the number of the method at `path`, or `nil` when there is none.
    package func index(of path: Span<UInt8>) -> Int? {
        let mask = self.buckets.count - 1
        var bucket = Self.hash(path) & mask
        while self.buckets[bucket] != 0 {
            let number = Int(self.buckets[bucket]) - 1
            if self.matches(path, number) { return number }
            bucket = (bucket + 1) & mask
        }
        return nil
    }

    private func matches(_ path: Span<UInt8>, _ number: Int) -> Bool {
        let entry = self.entries[number]
        guard entry.byteCount == path.count else { return false }
        for offset in 0..<path.count where self.pathBytes[entry.start + offset] != path[offset] {
            return false
        }
        return true
    }

    /// FNV-1a over the last bytes, where methods of one service differ, and the length.
    private static func hash(_ path: Span<UInt8>) -> Int {
        var hash: UInt32 = 2_166_136_261
        hash = (hash ^ UInt32(truncatingIfNeeded: path.count)) &* 16_777_619
        var index = max(0, path.count - 12)
        while index < path.count {
            hash = (hash ^ UInt32(path[index])) &* 16_777_619
            index += 1
        }
        return Int(hash ^ (hash >> 15))
    }
}
