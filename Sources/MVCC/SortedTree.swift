/// What a ``SortedTree`` stores.
protocol SortedTreeElement: Sendable {
    /// How much this element adds to ``SortedTree/weight``: one if it counts, zero if it is only kept.
    var weight: Int { get }
    /// An element at the same place that keeps nothing alive which it need not: what inner nodes hold.
    var bound: Self { get }
}

extension SortedTreeElement {
    var bound: Self { self }
}

/// A copy-on-write B+ tree in a struct: copying it is a retain, and a copy never sees later changes.
///
/// A node is changed in place only while a single tree owns it; otherwise the path from the root is copied
/// first ("path copying"), so a snapshot costs nothing until the next write. Each node keeps the weight of
/// its subtree, which makes counting a range O(log *n*).
///
/// Elements are found by an *order*: a closure that compares the sought position with an element and returns
/// a negative number when the position is before it, zero at it, positive after it. All orders used on one
/// tree must agree.
///
/// Invariants: leaves are all at one depth; no node but the root is empty; a node holds at most ``capacity``
/// elements or children; `elements[i]` of an inner node is not after any element of `children[i]` and after
/// all of `children[i - 1]`.
struct SortedTree<Element: SortedTreeElement>: Sendable {
    /// The most elements of a leaf, and the most children of an inner node.
    static var capacity: Int { 64 }
    /// Below this a node is merged with a neighbour that has room.
    static var sparse: Int { 16 }

    private(set) var root = Node(elements: [], children: [], weight: 0)

    /// The sum of all weights.
    var weight: Int { self.root.weight }
    var isEmpty: Bool { self.root.elements.isEmpty }

    /// Returns the element at `order`, if there is one.
    ///
    /// O(log *n*).
    @inline(__always)
    func find(_ order: (borrowing Element) -> Int) -> Element? {
        var node = self.root
        while !node.children.isEmpty { node = node.children[node.childIndex(order)] }
        let index = node.lowerBound(order)
        guard index < node.elements.count, order(node.elements[index]) == 0 else { return nil }
        return node.elements[index]
    }

    /// Lets `body` change, remove (by setting `nil`) or insert the element at `order`.
    ///
    /// O(log *n*).
    @discardableResult
    mutating func modify<R>(_ order: (borrowing Element) -> Int, _ body: (inout Element?) -> R) -> R {
        let (result, sibling) = Self.modify(&self.root, order, body)
        if let sibling {
            let left = self.root
            self.root = Node(
                elements: [left.elements[0].bound, sibling.elements[0].bound],
                children: [left, sibling],
                weight: left.weight + sibling.weight
            )
        }
        while self.root.children.count == 1 { self.root = self.root.children[0] }
        return result
    }

    /// Returns the sum of the weights of all elements before `order`.
    ///
    /// O(log *n*).
    func weight(before order: (borrowing Element) -> Int) -> Int {
        var node = self.root
        var total = 0
        while !node.children.isEmpty {
            let index = node.childIndex(order)
            for child in node.children[..<index] { total += child.weight }
            node = node.children[index]
        }
        for element in node.elements[..<node.lowerBound(order)] { total += element.weight }
        return total
    }

    /// Calls `body` for all elements, ascending, until it returns `false`.
    func visitAll(_ body: (borrowing Element) -> Bool) {
        // Every element is after a position that is before every element.
        let start: (borrowing Element) -> Int = { _ in -1 }
        self.forEach(from: start, body)
    }

    /// Calls `body` for the elements from `order` on, ascending, until it returns `false`.
    ///
    /// With `skipsWeightless`, subtrees in which nothing has weight are left out; single weightless elements
    /// may still be seen.
    func forEach(
        from order: (borrowing Element) -> Int,
        skipsWeightless: Bool = false,
        _ body: (borrowing Element) -> Bool
    ) {
        _ = self.root.visit(from: order, skipsWeightless: skipsWeightless, body)
    }

    private static func modify<R>(
        _ node: inout Node,
        _ order: (borrowing Element) -> Int,
        _ body: (inout Element?) -> R
    ) -> (result: R, sibling: Node?) {
        if !isKnownUniquelyReferenced(&node) { node = node.copy() }
        guard !node.children.isEmpty else { return Self.modifyLeaf(node, order, body) }

        let index = node.childIndex(order)
        let before = node.children[index].weight
        let (result, sibling) = Self.modify(&node.children[index], order, body)
        node.weight += node.children[index].weight - before
        if let sibling {
            node.weight += sibling.weight
            node.elements.insert(sibling.elements[0].bound, at: index + 1)
            node.children.insert(sibling, at: index + 1)
            return (result, node.children.count > Self.capacity ? node.split() : nil)
        }
        if node.children[index].elements.count < Self.sparse { node.mergeChild(at: index) }
        return (result, nil)
    }

    private static func modifyLeaf<R>(
        _ leaf: Node,
        _ order: (borrowing Element) -> Int,
        _ body: (inout Element?) -> R
    ) -> (result: R, sibling: Node?) {
        let index = leaf.lowerBound(order)
        let exists = index < leaf.elements.count && order(leaf.elements[index]) == 0
        var slot: Element? = exists ? leaf.elements[index] : nil
        let before = slot?.weight ?? 0
        let result = body(&slot)
        leaf.weight += (slot?.weight ?? 0) - before
        switch (exists, slot) {
        case (true, let element?): leaf.elements[index] = element
        case (true, nil): leaf.elements.remove(at: index)
        case (false, let element?): leaf.elements.insert(element, at: index)
        case (false, nil): break
        }
        return (result, leaf.elements.count > Self.capacity ? leaf.split() : nil)
    }
}

extension SortedTree {
    /// A leaf holds elements; an inner node holds children and, in `elements`, a lower bound of each.
    final class Node: @unchecked Sendable {
        // Unchecked: changed only while one tree, owned by one thread, has the sole reference.
        fileprivate(set) var elements: [Element]
        fileprivate(set) var children: [Node]
        fileprivate(set) var weight: Int

        fileprivate init(elements: [Element], children: [Node], weight: Int) {
            self.elements = elements
            self.children = children
            self.weight = weight
        }

        fileprivate func copy() -> Node {
            Node(elements: self.elements, children: self.children, weight: self.weight)
        }

        /// Returns the index of the first element that is not before `order`.
        @inline(__always)
        fileprivate func lowerBound(_ order: (borrowing Element) -> Int) -> Int {
            var low = 0
            var high = self.elements.count
            while low < high {
                let middle = (low + high) / 2
                if order(self.elements[middle]) > 0 { low = middle + 1 } else { high = middle }
            }
            return low
        }

        /// Returns the index of the child whose subtree `order` belongs to.
        @inline(__always)
        fileprivate func childIndex(_ order: (borrowing Element) -> Int) -> Int {
            var low = 1
            var high = self.elements.count
            while low < high {
                let middle = (low + high) / 2
                if order(self.elements[middle]) >= 0 { low = middle + 1 } else { high = middle }
            }
            return low - 1
        }

        /// Visits the elements from `order` on; returns `false` when `body` ended the visit.
        fileprivate func visit(
            from order: (borrowing Element) -> Int,
            skipsWeightless: Bool,
            _ body: (borrowing Element) -> Bool
        ) -> Bool {
            if skipsWeightless, self.weight == 0 { return true }
            guard !self.children.isEmpty else {
                return self.visitElements(from: self.lowerBound(order), body)
            }
            let start = self.childIndex(order)
            guard self.children[start].visit(from: order, skipsWeightless: skipsWeightless, body) else {
                return false
            }
            return self.visitAll(fromChild: start + 1, skipsWeightless: skipsWeightless, body)
        }

        private func visitAll(
            fromChild start: Int,
            skipsWeightless: Bool,
            _ body: (borrowing Element) -> Bool
        ) -> Bool {
            if skipsWeightless, self.weight == 0 { return true }
            guard !self.children.isEmpty else {
                return self.visitElements(from: 0, body)
            }
            for index in start..<self.children.count {
                guard self.children[index].visitAll(fromChild: 0, skipsWeightless: skipsWeightless, body)
                else {
                    return false
                }
            }
            return true
        }

        @inline(__always)
        private func visitElements(from start: Int, _ body: (borrowing Element) -> Bool) -> Bool {
            // A local array lends its elements; those of a class's property would be copied for each call.
            let elements = self.elements
            for index in start..<elements.count where !body(elements[index]) { return false }
            return true
        }

        /// Moves the upper half into a new node and returns it.
        fileprivate func split() -> Node {
            let middle = self.elements.count / 2
            let upper = Node(elements: Array(self.elements[middle...]), children: [], weight: 0)
            self.elements.removeSubrange(middle...)
            if !self.children.isEmpty {
                upper.children = Array(self.children[middle...])
                self.children.removeSubrange(middle...)
            }
            upper.weight = upper.totalWeight
            self.weight -= upper.weight
            return upper
        }

        /// Removes the child at `index` if it is empty, or joins it with a neighbour that has room.
        fileprivate func mergeChild(at index: Int) {
            if self.children[index].elements.isEmpty {
                // Without its last child this node is empty too, and its own parent removes it next.
                self.children.remove(at: index)
                self.elements.remove(at: index)
                return
            }
            let left = index > 0 ? index - 1 : index
            guard left + 1 < self.children.count else { return }
            let upper = self.children[left + 1]
            guard self.children[left].elements.count + upper.elements.count <= SortedTree.capacity * 3 / 4
            else { return }
            let joined = self.children[left].copy()
            if upper.children.isEmpty {
                joined.elements.append(contentsOf: upper.elements)
            } else {
                // A node's own first bound is not kept up to date; its parent's bound of it is.
                joined.elements.append(self.elements[left + 1])
                joined.elements.append(contentsOf: upper.elements.dropFirst())
            }
            joined.children.append(contentsOf: upper.children)
            joined.weight += upper.weight
            self.children[left] = joined
            self.children.remove(at: left + 1)
            self.elements.remove(at: left + 1)
        }

        private var totalWeight: Int {
            self.children.isEmpty
                ? self.elements.reduce(0) { $0 + $1.weight } : self.children.reduce(0) { $0 + $1.weight }
        }
    }

    /// Describes the first broken invariant, or `nil`.
    ///
    /// For tests; O(*n*).
    func brokenInvariant(areInOrder: (Element, Element) -> Bool) -> String? {
        var depths: [Int] = []
        var previous: Element?
        var bound: Element?
        func check(_ node: Node, depth: Int, isRoot: Bool) -> String? {
            if !isRoot, node.elements.isEmpty { return "an inner path ends in an empty node" }
            if node.elements.count > Self.capacity { return "a node is over its capacity" }
            if node.children.isEmpty {
                depths.append(depth)
                for element in node.elements {
                    if let lowest = bound.take(), areInOrder(element, lowest) { return "a bound is too high" }
                    if let last = previous, !areInOrder(last, element) { return "elements are out of order" }
                    previous = element
                }
                return node.weight == node.elements.reduce(0) { $0 + $1.weight }
                    ? nil : "a leaf's weight is wrong"
            }
            if node.children.count != node.elements.count { return "bounds and children differ in number" }
            if node.weight != node.children.reduce(0, { $0 + $1.weight }) {
                return "an inner weight is wrong"
            }
            for (index, child) in node.children.enumerated() {
                if index > 0, let last = previous, !areInOrder(last, node.elements[index]) {
                    return "a bound is too low"
                }
                if index > 0 { bound = node.elements[index] }
                if let problem = check(child, depth: depth + 1, isRoot: false) { return problem }
            }
            return nil
        }
        if let problem = check(self.root, depth: 0, isRoot: true) { return problem }
        return Set(depths).count <= 1 ? nil : "leaves are at different depths"
    }
}
