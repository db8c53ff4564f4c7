package import NIOCore

/// Writes a bbolt database from sorted contents, page by page, in the order of the file.
///
/// A value. Making one lays the whole file out by sizes alone, which tells the size of the file and the
/// number of its root page; both stand on its first page. ``appendPages(to:byteCount:)`` then makes the
/// bytes. Neither ever holds more than a page for each level of a tree, besides the contents themselves.
package struct BoltFileWriter: Sendable {
    /// A named set of elements.
    package struct Bucket: Sendable {
        /// The name, which no other bucket of the file has.
        package var name: String
        /// What is in it.
        package var elements: any BoltElements

        /// Creates a bucket.
        package init(_ name: String, _ elements: any BoltElements) {
            self.name = name
            self.elements = elements
        }
    }

    /// The contents of the buckets that have pages of their own, in the order of their pages, then the names
    /// of all buckets.
    private let trees: [any BoltElements]
    private let rootPage: UInt64
    private let pageCount: UInt64

    /// How many trees have begun.
    private var treeCount = 0
    private var tree: BoltTree?
    private var hasBegun = false

    /// Lays out a file.
    ///
    /// - Precondition: No key is empty or longer than 32,768 bytes, and there is a bucket.
    package init(_ buckets: [Bucket]) {
        var nextPage: UInt64 = 2
        var trees: [any BoltElements] = []
        var names: [BoltList.Element] = []
        for bucket in buckets {
            let value: [UInt8]
            if let page = BoltPageWriter.inlinePage(bucket.elements) {
                value = BoltPageWriter.bucketHeader(root: 0) + page
            } else {
                value = BoltPageWriter.bucketHeader(root: Self.layOut(bucket.elements, &nextPage))
                trees.append(bucket.elements)
            }
            names.append(BoltList.Element(key: Array(bucket.name.utf8), value: value))
        }
        let root = BoltList(names)
        self.rootPage = Self.layOut(root, &nextPage)
        self.trees = trees + [root]
        self.pageCount = nextPage
    }

    /// The size of the file in bytes.
    package var byteCount: Int { Int(self.pageCount) * BoltFormat.pageByteCount }

    /// Appends whole pages until the buffer has `byteCount` bytes to read, or the file is complete.
    package mutating func appendPages(to buffer: inout ByteBuffer, byteCount: Int) {
        if !self.hasBegun {
            self.hasBegun = true
            // bbolt takes the valid page of the later transaction; the parity of a transaction is that of its
            // page.
            for (number, transaction) in [(UInt64(0), UInt64(2)), (1, 1)] {
                BoltPageWriter.appendMeta(
                    number: number,
                    root: self.rootPage,
                    pageCount: self.pageCount,
                    transaction: transaction,
                    to: &buffer
                )
            }
        }
        while buffer.readableBytes < byteCount, let (page, elements) = self.nextPage() {
            // Only the names of buckets are elements that are buckets.
            let flags = self.treeCount == self.trees.count ? BoltFormat.bucketElement : 0
            BoltPageWriter.append(page, of: elements, flags: flags, to: &buffer)
        }
    }

    private mutating func nextPage() -> (page: BoltTree.Page, elements: any BoltElements)? {
        while true {
            if let page = self.tree?.next() { return (page, self.trees[self.treeCount - 1]) }
            guard self.treeCount < self.trees.count else { return nil }
            let firstPage = self.tree?.nextPage ?? 2
            self.tree = BoltTree(self.trees[self.treeCount], firstPage: firstPage)
            self.treeCount += 1
        }
    }

    /// Counts a tree's pages and returns the number of its root.
    private static func layOut(_ elements: any BoltElements, _ nextPage: inout UInt64) -> UInt64 {
        var tree = BoltTree(elements, firstPage: nextPage)
        while tree.next() != nil {}
        nextPage = tree.nextPage
        guard let root = tree.root else { preconditionFailure("a tree ends with its root") }
        return root
    }
}
