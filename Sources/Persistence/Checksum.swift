/// A 64-bit checksum of one row, against disks that return other bytes than they were given.
///
/// SQLite notices damage to its own structures, not to the contents of a row. Each step maps the running
/// value and the next eight bytes one to one, so damage within eight aligned bytes never goes unnoticed. No
/// defence against a forger.
struct Checksum {
    private var state: UInt64 = 0x9e37_79b9_7f4a_7c15

    /// The checksum as SQLite stores it.
    var value: Int64 { Int64(bitPattern: self.state) }

    /// Adds a number.
    @inline(__always)
    mutating func add(_ number: Int64) {
        self.add(word: UInt64(bitPattern: number))
    }

    /// Adds bytes and their count.
    @inline(__always)
    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var offset = 0
        while offset &+ 8 <= bytes.count {
            self.add(word: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            offset &+= 8
        }
        var tail: UInt64 = 0
        while offset < bytes.count {
            tail = tail << 8 | UInt64(bytes[offset])
            offset &+= 1
        }
        self.add(word: tail)
        self.add(word: UInt64(bytes.count))
    }

    /// Adds a text's UTF-8 bytes and their count.
    mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { self.add(UnsafeRawBufferPointer($0)) }
    }

    @inline(__always)
    private mutating func add(word: UInt64) {
        // An odd factor and a shifted exclusive or are both invertible.
        self.state = (self.state ^ word) &* 0xff51_afd7_ed55_8ccd
        self.state ^= self.state >> 32
    }
}
