/// What a bbolt file says of itself on its first two pages.
struct BoltMeta {
    let pageByteCount: Int
    /// The root page of the bucket that names all others.
    let root: UInt64
    /// The number of pages, also of those that are not used.
    let pageCount: UInt64
    private let transaction: UInt64

    /// Returns the valid meta page of the later transaction.
    ///
    /// - Throws: ``SnapshotFileError`` when neither is valid, or the file has fewer pages than it says.
    static func newest(
        byteCount: Int,
        _ source: BoltFileReader.Source
    ) throws(SnapshotFileError) -> BoltMeta {
        let needed = BoltFormat.pageHeaderByteCount + BoltFormat.metaByteCount
        guard byteCount >= needed else { throw .foreign(reason: "it has \(byteCount) bytes") }
        var found: [BoltMeta] = []
        if let first = BoltMeta(try source(0, needed)) { found.append(first) }
        // Where the second page is follows from the size of pages, which only a meta page tells.
        var offset = found.first?.pageByteCount ?? BoltFormat.pageByteCounts.lowerBound
        while offset <= BoltFormat.pageByteCounts.upperBound, offset + needed <= byteCount {
            if let second = BoltMeta(try source(offset, needed)), second.pageByteCount == offset {
                found.append(second)
                break
            }
            guard found.isEmpty else { break }
            offset *= 2
        }
        guard let newest = found.max(by: { $0.transaction < $1.transaction }) else {
            throw .foreign(reason: "neither of its first two pages is bbolt's, or both are damaged")
        }
        let (expected, isTooMuch) = newest.pageCount.multipliedReportingOverflow(
            by: UInt64(newest.pageByteCount)
        )
        guard !isTooMuch, expected <= UInt64(byteCount) else {
            throw .truncated(expectedBytes: Int(clamping: expected), foundBytes: byteCount)
        }
        return newest
    }

    /// Reads a meta page, or returns `nil` when it is none or its checksum is wrong.
    private init?(_ page: [UInt8]) {
        let meta = page[BoltFormat.pageHeaderByteCount...]
        let checksum = meta.littleEndian(at: 56, as: UInt64.self)
        guard meta.littleEndian(at: 0, as: UInt32.self) == BoltFormat.magic,
            meta.littleEndian(at: 4, as: UInt32.self) == BoltFormat.version,
            BoltFormat.checksum(meta.prefix(56)) == checksum
        else { return nil }
        self.pageByteCount = Int(meta.littleEndian(at: 8, as: UInt32.self))
        self.root = meta.littleEndian(at: 16, as: UInt64.self)
        self.pageCount = meta.littleEndian(at: 40, as: UInt64.self)
        self.transaction = meta.littleEndian(at: 48, as: UInt64.self)
        guard BoltFormat.pageByteCounts.contains(self.pageByteCount),
            self.pageByteCount & (self.pageByteCount - 1) == 0
        else { return nil }
    }
}
