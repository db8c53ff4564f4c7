/// Reads a bbolt database that nobody writes to.
///
/// Every byte may be damaged: each page is checked before it is used and read at most once, so that a tree
/// with a cycle ends, and no tree is deeper than ``maximumDepth``. At most one page for each level is in
/// memory.
package struct BoltFileReader {
    /// Returns so many bytes from an offset on.
    ///
    /// Called only for bytes inside the file.
    package typealias Source = (_ offset: Int, _ byteCount: Int) throws(SnapshotFileError) -> [UInt8]

    /// The deepest tree that is read; bbolt's own need no more than ten levels for a terabyte.
    static let maximumDepth = 32
    /// The largest page with all that belongs to it.
    ///
    /// etcd's largest requests have a few megabytes, and bbolt puts at most a few elements on such a page.
    static let maximumPageByteCount = 128 << 20

    private let source: Source
    private let pageByteCount: Int
    private let pageCount: UInt64
    /// One bit for each page: whether it was read.
    private var seen: [UInt64]
    /// The buckets by name.
    private var buckets: [(name: [UInt8], location: Location)] = []

    /// Where a bucket's elements are.
    private enum Location {
        case tree(root: UInt64)
        /// On a page that is kept inside the page `holder`.
        case inline(page: [UInt8], holder: UInt64)
    }

    /// Reads the meta pages and the names of the buckets.
    ///
    /// - Parameters:
    ///   - byteCount: The size of the database in bytes, without a checksum behind it.
    ///   - source: Where its bytes come from.
    /// - Throws: ``SnapshotFileError``.
    package init(byteCount: Int, source: @escaping Source) throws(SnapshotFileError) {
        let meta = try BoltMeta.newest(byteCount: byteCount, source)
        self.source = source
        self.pageByteCount = meta.pageByteCount
        self.pageCount = meta.pageCount
        // The number of pages was checked against the size of the file.
        self.seen = Array(repeating: 0, count: Int(meta.pageCount / 64) + 1)
        var buckets: [(name: [UInt8], location: Location)] = []
        try Self.wrap {
            try self.walk(meta.root) { element, page in
                guard element.isBucket else { throw page.damage("it has an element that is no bucket") }
                let value = page.bytes[element.value]
                buckets.append((Array(page.bytes[element.key]), try Self.location(of: value, in: page)))
            }
        }
        self.buckets = buckets
    }

    /// The names of the buckets, in byte order.
    package var bucketNames: [String] { self.buckets.map { String(decoding: $0.name, as: UTF8.self) } }

    /// Calls `body` with the key and the value of each element of a bucket, ascending by key; not at all if
    /// there is no such bucket.
    ///
    /// A bucket can be read once.
    ///
    /// - Throws: ``SnapshotFileError``, or what `body` throws.
    package mutating func forEachElement(
        of name: String,
        _ body: (_ key: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) throws -> Void
    ) throws {
        guard let bucket = self.buckets.first(where: { $0.name.elementsEqual(name.utf8) }) else { return }
        var previous: [UInt8] = []
        func visit(_ element: BoltPage.Element, _ page: BoltPage) throws {
            guard !element.isBucket else { throw page.damage("a bucket is inside another") }
            let key = page.bytes[element.key]
            guard previous.lexicographicallyPrecedes(key) else {
                throw page.damage("its keys do not ascend")
            }
            previous = Array(key)
            try body(key, page.bytes[element.value])
        }
        switch bucket.location {
        case .tree(let root): try self.walk(root, visit)
        case .inline(let bytes, let holder):
            let offset = Int(holder) * self.pageByteCount
            let page = try BoltPage(bytes, number: holder, offset: offset, isInline: true)
            for index in 0..<page.count { try visit(try page.element(index), page) }
        }
    }

    private static func location(
        of value: ArraySlice<UInt8>,
        in page: BoltPage
    ) throws(SnapshotFileError) -> Location {
        guard value.count >= BoltFormat.bucketHeaderByteCount else {
            throw page.damage("a bucket's header is too short")
        }
        let root = value.littleEndian(at: 0, as: UInt64.self)
        guard root == 0 else { return .tree(root: root) }
        let inline = Array(value.dropFirst(BoltFormat.bucketHeaderByteCount))
        return .inline(page: inline, holder: page.number)
    }

    // MARK: - Pages

    private mutating func walk(
        _ root: UInt64,
        depth: Int = 1,
        _ body: (BoltPage.Element, BoltPage) throws -> Void
    ) throws {
        let page = try self.page(root)
        guard depth <= Self.maximumDepth else { throw page.damage("the tree is too deep") }
        for index in 0..<page.count {
            if page.isBranch {
                try self.walk(try page.child(index), depth: depth + 1, body)
            } else {
                try body(try page.element(index), page)
            }
        }
    }

    /// Reads a page with all that belongs to it.
    private mutating func page(_ number: UInt64) throws(SnapshotFileError) -> BoltPage {
        // Numbers from the file: the next lines make sure that they can be calculated with.
        guard number >= 2, number < self.pageCount else {
            let offset = Int(clamping: number.multipliedReportingOverflow(by: UInt64(self.pageByteCount)).0)
            throw .damagedPage(
                number: number,
                offset: offset,
                reason: "a page refers to it, but the file has \(self.pageCount) pages"
            )
        }
        let offset = Int(number) * self.pageByteCount
        let header = try self.source(offset, BoltFormat.pageHeaderByteCount)
        let further = UInt64(header[...].littleEndian(at: 12, as: UInt32.self))
        let byteCount = (Int(further) + 1) * self.pageByteCount
        guard number + further < self.pageCount, byteCount <= Self.maximumPageByteCount else {
            throw .damagedPage(number: number, offset: offset, reason: "it claims to have \(byteCount) bytes")
        }
        for each in number...number + further {
            guard self.seen[Int(each / 64)] & 1 << (each % 64) == 0 else {
                throw .damagedPage(number: number, offset: offset, reason: "it is used twice")
            }
            self.seen[Int(each / 64)] |= 1 << (each % 64)
        }
        return try BoltPage(try self.source(offset, byteCount), number: number, offset: offset)
    }

    /// Narrows what a walk throws whose body throws nothing else.
    private static func wrap(_ body: () throws -> Void) throws(SnapshotFileError) {
        do {
            try body()
        } catch let error as SnapshotFileError {
            throw error
        } catch {
            preconditionFailure("only the reader's own errors are thrown here")
        }
    }
}
