/// Lays out the pages of one bucket's tree, in the order in which they stand in the file.
///
/// Each branch page follows the pages below it, so a tree of any size is laid out with one unfinished page
/// for each level in memory. Only sizes are asked for, no bytes.
struct BoltTree {
    /// A page below a branch page, known by the first element that it leads to.
    struct Child {
        var firstElement: Int
        var page: UInt64
    }

    /// What is on a page.
    enum Contents {
        case leaf(Range<Int>)
        case branch([Child])
    }

    /// A page whose place is known.
    struct Page {
        var number: UInt64
        var byteCount: Int
        var contents: Contents

        /// The number of pages that belong to it, itself included.
        var pageCount: Int { BoltFormat.pageCount(of: self.byteCount) }
    }

    /// Children that wait until a branch page is full.
    private struct Level {
        var children: [Child] = []
        var byteCount = BoltFormat.pageHeaderByteCount
    }

    let elements: any BoltElements
    /// The number of the next page.
    private(set) var nextPage: UInt64
    /// The number of the tree's root; known after the last page.
    private(set) var root: UInt64?
    private var nextElement = 0
    private var levels: [Level] = []

    /// - Precondition: There are elements.
    init(_ elements: any BoltElements, firstPage: UInt64) {
        precondition(elements.count > 0, "a tree without elements has no pages")
        self.elements = elements
        self.nextPage = firstPage
    }

    /// Returns the next page, or `nil` after the root.
    mutating func next() -> Page? {
        guard self.root == nil else { return nil }
        // More than a page, and enough for two children on either side: all but the last two can go. A branch
        // page with one child would be of no use.
        let full = self.levels.firstIndex {
            $0.byteCount > BoltFormat.pageByteCount && $0.children.count >= 4
        }
        if let full { return self.branch(ofLevel: full, leaving: 2) }
        if self.nextElement < self.elements.count { return self.leaf() }
        guard let level = self.levels.firstIndex(where: { !$0.children.isEmpty }) else { return nil }
        if level == self.levels.count - 1, self.levels[level].children.count == 1 {
            self.root = self.levels[level].children[0].page
            return nil
        }
        return self.branch(ofLevel: level, leaving: 0)
    }

    private mutating func leaf() -> Page {
        let first = self.nextElement
        var byteCount = BoltFormat.pageHeaderByteCount
        while self.nextElement < self.elements.count {
            let sizes = self.elements.byteCounts(at: self.nextElement)
            let added = BoltFormat.elementByteCount + sizes.key + sizes.value
            // A page takes at least one element, however large that is.
            guard self.nextElement == first || byteCount + added <= BoltFormat.pageByteCount else { break }
            byteCount += added
            self.nextElement += 1
        }
        let contents = Contents.leaf(first..<self.nextElement)
        return self.place(contents, byteCount: byteCount, firstElement: first, level: 0)
    }

    private mutating func branch(ofLevel index: Int, leaving count: Int) -> Page {
        let children = Array(self.levels[index].children.dropLast(count))
        let rest = self.levels[index].children.suffix(count)
        let byteCount = self.byteCount(of: children[...])
        self.levels[index] = Level(children: Array(rest), byteCount: self.byteCount(of: rest))
        return self.place(
            .branch(children),
            byteCount: byteCount,
            firstElement: children[0].firstElement,
            level: index + 1
        )
    }

    /// Gives a page its number, and its level a child.
    private mutating func place(
        _ contents: Contents,
        byteCount: Int,
        firstElement: Int,
        level: Int
    ) -> Page {
        let page = Page(number: self.nextPage, byteCount: byteCount, contents: contents)
        self.nextPage += UInt64(page.pageCount)
        if level == self.levels.count { self.levels.append(Level()) }
        self.levels[level].children.append(Child(firstElement: firstElement, page: page.number))
        self.levels[level].byteCount += self.childByteCount(firstElement)
        return page
    }

    private func byteCount(of children: ArraySlice<Child>) -> Int {
        children.reduce(BoltFormat.pageHeaderByteCount) { $0 + self.childByteCount($1.firstElement) }
    }

    private func childByteCount(_ firstElement: Int) -> Int {
        BoltFormat.elementByteCount + self.elements.byteCounts(at: firstElement).key
    }
}
