/// A branch or leaf page as it was read, with bounds that are checked at each access.
struct BoltPage {
    /// A key and its value on a leaf page.
    struct Element {
        var key: Range<Int>
        var value: Range<Int>
        /// Whether the value is a bucket.
        var isBucket: Bool
    }

    let bytes: [UInt8]
    let number: UInt64
    /// Where the page begins in the file.
    let offset: Int
    let isBranch: Bool
    /// The number of elements.
    let count: Int

    /// Checks a page's header.
    ///
    /// - Parameters:
    ///   - bytes: The page with all that belongs to it.
    ///   - number: The number that it should have; for a page inside an element, of the page around it.
    ///   - offset: Where that page begins in the file.
    ///   - isInline: Whether it is inside an element: such a page has no number and no children.
    /// - Throws: ``SnapshotFileError/damagedPage(number:offset:reason:)``.
    init(
        _ bytes: [UInt8],
        number: UInt64,
        offset: Int,
        isInline: Bool = false
    ) throws(SnapshotFileError) {
        func damage(_ reason: String) -> SnapshotFileError {
            .damagedPage(number: number, offset: offset, reason: reason)
        }
        guard bytes.count >= BoltFormat.pageHeaderByteCount else {
            throw damage("a page inside it is too short")
        }
        let found = bytes[...].littleEndian(at: 0, as: UInt64.self)
        guard isInline || found == number else { throw damage("it calls itself page \(found)") }
        let code = bytes[...].littleEndian(at: 8, as: UInt16.self)
        let kind = BoltFormat.Kind(rawValue: code)
        guard kind == .leaf || kind == .branch && !isInline else {
            throw damage("it is of kind \(code), which has no place here")
        }
        let count = Int(bytes[...].littleEndian(at: 10, as: UInt16.self))
        let headers = BoltFormat.pageHeaderByteCount + count * BoltFormat.elementByteCount
        guard headers <= bytes.count, count > 0 || kind == .leaf else {
            throw damage("it cannot have \(count) elements")
        }
        self.bytes = bytes
        self.number = number
        self.offset = offset
        self.isBranch = kind == .branch
        self.count = count
    }

    /// Returns an element of a leaf page.
    func element(_ index: Int) throws(SnapshotFileError) -> Element {
        let start = BoltFormat.pageHeaderByteCount + index * BoltFormat.elementByteCount
        let fixed = self.bytes[start..<start + BoltFormat.elementByteCount]
        let flags = fixed.littleEndian(at: 0, as: UInt32.self)
        // Sums of 32-bit numbers cannot overflow here.
        let key = start + Int(fixed.littleEndian(at: 4, as: UInt32.self))
        let value = key + Int(fixed.littleEndian(at: 8, as: UInt32.self))
        let end = value + Int(fixed.littleEndian(at: 12, as: UInt32.self))
        guard end <= self.bytes.count else { throw self.damage("element \(index) ends outside of the page") }
        guard key < value else { throw self.damage("element \(index) has no key") }
        guard flags <= BoltFormat.bucketElement else {
            throw self.damage("element \(index) is of kind \(flags), which is unknown")
        }
        return Element(key: key..<value, value: value..<end, isBucket: flags == BoltFormat.bucketElement)
    }

    /// Returns the number of a page below a branch page.
    ///
    /// The key beside it is not needed to read everything.
    func child(_ index: Int) throws(SnapshotFileError) -> UInt64 {
        let start = BoltFormat.pageHeaderByteCount + index * BoltFormat.elementByteCount
        return self.bytes[start..<start + BoltFormat.elementByteCount].littleEndian(at: 8, as: UInt64.self)
    }

    /// Says what is wrong with this page.
    func damage(_ reason: String) -> SnapshotFileError {
        .damagedPage(number: self.number, offset: self.offset, reason: reason)
    }
}

extension ArraySlice<UInt8> {
    /// Returns the number that begins at an offset from the start of the slice, which must hold all of it.
    func littleEndian<N: FixedWidthInteger>(at offset: Int, as type: N.Type) -> N {
        let start = self.startIndex + offset
        return self[start..<start + N.bitWidth / 8].reversed().reduce(0) { $0 << 8 | N($1) }
    }

    /// Returns the number that begins at an offset from the start of the slice, which must hold all of it.
    func bigEndian<N: FixedWidthInteger>(at offset: Int, as type: N.Type) -> N {
        let start = self.startIndex + offset
        return self[start..<start + N.bitWidth / 8].reduce(0) { $0 << 8 | N($1) }
    }
}
