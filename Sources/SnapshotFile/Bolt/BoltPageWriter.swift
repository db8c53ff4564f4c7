import NIOCore

/// Makes the bytes of pages.
enum BoltPageWriter {
    /// Appends one of the two pages that say where everything is.
    static func appendMeta(
        number: UInt64,
        root: UInt64,
        pageCount: UInt64,
        transaction: UInt64,
        to buffer: inout ByteBuffer
    ) {
        let start = buffer.readableBytes
        Self.appendHeader(number: number, kind: .meta, count: 0, pageCount: 1, to: &buffer)
        var meta = ByteBuffer()
        meta.writeMultipleIntegers(
            BoltFormat.magic,
            BoltFormat.version,
            UInt32(BoltFormat.pageByteCount),
            UInt32(0),
            endianness: .little
        )
        // The root bucket's header, the list of free pages, the number of pages, the transaction.
        meta.writeMultipleIntegers(
            root,
            UInt64(0),
            BoltFormat.noFreelist,
            pageCount,
            transaction,
            endianness: .little
        )
        meta.writeInteger(BoltFormat.checksum(meta.readableBytesView), endianness: .little)
        buffer.writeImmutableBuffer(meta)
        Self.pad(&buffer, from: start)
    }

    /// Appends a page of a tree, and the further pages that belong to it.
    static func append(
        _ page: BoltTree.Page,
        of elements: any BoltElements,
        flags: UInt32,
        to buffer: inout ByteBuffer
    ) {
        let start = buffer.readableBytes
        switch page.contents {
        case .leaf(let range):
            Self.appendHeader(
                number: page.number,
                kind: .leaf,
                count: range.count,
                pageCount: page.pageCount,
                to: &buffer
            )
            Self.appendElements(range, of: elements, flags: flags, to: &buffer)
        case .branch(let children):
            Self.appendHeader(
                number: page.number,
                kind: .branch,
                count: children.count,
                pageCount: page.pageCount,
                to: &buffer
            )
            Self.appendChildren(children, of: elements, to: &buffer)
        }
        assert(buffer.readableBytes - start == page.byteCount, "a page has another size than was planned")
        Self.pad(&buffer, from: start)
    }

    /// Returns the page of a bucket that is small enough to be kept where it is named, or `nil`.
    static func inlinePage(_ elements: any BoltElements) -> [UInt8]? {
        var byteCount = BoltFormat.pageHeaderByteCount
        for index in 0..<elements.count {
            let sizes = elements.byteCounts(at: index)
            byteCount += BoltFormat.elementByteCount + sizes.key + sizes.value
            guard byteCount <= BoltFormat.maximumInlineByteCount else { return nil }
        }
        var buffer = ByteBuffer()
        Self.appendHeader(number: 0, kind: .leaf, count: elements.count, pageCount: 1, to: &buffer)
        Self.appendElements(0..<elements.count, of: elements, flags: 0, to: &buffer)
        return Array(buffer.readableBytesView)
    }

    /// Returns the value of an element that names a bucket, without the page of a small one.
    static func bucketHeader(root: UInt64) -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.writeMultipleIntegers(root, UInt64(0), endianness: .little)
        return Array(buffer.readableBytesView)
    }

    private static func appendHeader(
        number: UInt64,
        kind: BoltFormat.Kind,
        count: Int,
        pageCount: Int,
        to buffer: inout ByteBuffer
    ) {
        buffer.writeMultipleIntegers(
            number,
            kind.rawValue,
            UInt16(count),
            UInt32(pageCount - 1),
            endianness: .little
        )
    }

    private static func appendElements(
        _ range: Range<Int>,
        of elements: any BoltElements,
        flags: UInt32,
        to buffer: inout ByteBuffer
    ) {
        // Where an element's key is, counted from the element's fixed part.
        var position = range.count * BoltFormat.elementByteCount
        for index in range {
            let sizes = elements.byteCounts(at: index)
            buffer.writeMultipleIntegers(
                flags,
                UInt32(position),
                UInt32(sizes.key),
                UInt32(sizes.value),
                endianness: .little
            )
            position += sizes.key + sizes.value - BoltFormat.elementByteCount
        }
        for index in range {
            elements.appendKey(at: index, to: &buffer)
            elements.appendValue(at: index, to: &buffer)
        }
    }

    private static func appendChildren(
        _ children: [BoltTree.Child],
        of elements: any BoltElements,
        to buffer: inout ByteBuffer
    ) {
        var position = children.count * BoltFormat.elementByteCount
        for child in children {
            let byteCount = elements.byteCounts(at: child.firstElement).key
            buffer.writeMultipleIntegers(
                UInt32(position),
                UInt32(byteCount),
                child.page,
                endianness: .little
            )
            position += byteCount - BoltFormat.elementByteCount
        }
        for child in children { elements.appendKey(at: child.firstElement, to: &buffer) }
    }

    /// Fills the last page with zeros.
    private static func pad(_ buffer: inout ByteBuffer, from start: Int) {
        let byteCount = buffer.readableBytes - start
        let missing = BoltFormat.pageCount(of: byteCount) * BoltFormat.pageByteCount - byteCount
        buffer.writeRepeatingByte(0, count: missing)
    }
}
