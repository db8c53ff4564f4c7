// SnapshotFile: the file in which etcd keeps its state, written and read.
//
// Two halves. `Bolt/` is the format of bbolt databases: pages of a copy-on-write B+ tree, of which only the
// reading and the writing from scratch are here; nothing is ever changed in place. `Etcd/` is what etcd keeps
// in such a file: a bucket for the revisions of keys, others for leases, users and so on.
//
// All of it is pure: the writer gives pages away in the order of the file, and the reader asks for bytes by
// their offset; files, sockets and checksums of whole files are others' business. Begin with
// `SnapshotContents` (`Etcd/`) and `BoltFileWriter` for the way out, `SnapshotReader` and `BoltFileReader`
// for the way in.

import NIOCore

/// Numbers of bbolt's format, version 2 (bbolt `page.go`, `db.go`); all of them little-endian in the file.
enum BoltFormat {
    /// The size of the pages that are written; other machines may write larger ones.
    static let pageByteCount = 4_096
    /// What page sizes can be.
    static let pageByteCounts = 1_024...65_536
    /// The header of a page: number, kind, count of elements, count of further pages that belong to it.
    static let pageHeaderByteCount = 16
    /// The fixed part of an element of a branch or leaf page.
    static let elementByteCount = 16
    /// The fixed part of a bucket: the number of its root page, and a sequence that etcd does not use.
    static let bucketHeaderByteCount = 16
    /// The part of a meta page behind the page header: everything up to the checksum, and the checksum.
    static let metaByteCount = 64
    static let magic: UInt32 = 0xed0c_daed
    static let version: UInt32 = 2
    /// In place of the list of free pages: it is not in the file.
    static let noFreelist: UInt64 = .max
    /// The longest key that bbolt takes.
    static let maximumKeyByteCount = 32_768
    /// A bucket of at most this size is kept inside the element that names it.
    static let maximumInlineByteCount = Self.pageByteCount / 4
    /// Marks an element whose value is a bucket.
    static let bucketElement: UInt32 = 1

    /// What a page is.
    enum Kind: UInt16 {
        case branch = 0x01
        case leaf = 0x02
        case meta = 0x04
    }

    /// The 64-bit FNV-1a hash, which protects meta pages.
    static func checksum(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }

    /// Returns how many pages a page of so many bytes takes.
    static func pageCount(of byteCount: Int) -> Int {
        (byteCount + Self.pageByteCount - 1) / Self.pageByteCount
    }
}
