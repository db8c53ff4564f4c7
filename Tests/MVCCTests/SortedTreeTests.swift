import TestSupport
import Testing

@testable import MVCC

/// A number that may count or not.
struct TreeEntry: SortedTreeElement, Hashable {
    var key: Int
    var payload: Int
    var weight: Int
    var bound: TreeEntry { TreeEntry(key: self.key, payload: -1, weight: -1) }

    static func order(_ key: Int) -> (borrowing TreeEntry) -> Int {
        { key < $0.key ? -1 : (key == $0.key ? 0 : 1) }
    }
}

/// A tree beside a dictionary that holds the same.
struct CheckedTree {
    private(set) var tree = SortedTree<TreeEntry>()
    private(set) var expected: [Int: TreeEntry] = [:]

    mutating func set(_ key: Int, payload: Int = 0, weight: Int = 1) {
        let entry = TreeEntry(key: key, payload: payload, weight: weight)
        let before = self.tree.modify(TreeEntry.order(key)) { slot in
            defer { slot = entry }
            return slot
        }
        #expect(before == self.expected[key])
        self.expected[key] = entry
    }

    mutating func remove(_ key: Int) {
        let before = self.tree.modify(TreeEntry.order(key)) { $0.take() }
        #expect(before == self.expected[key])
        self.expected[key] = nil
    }

    func check(sourceLocation: SourceLocation = #_sourceLocation) {
        let sorted = self.expected.values.sorted { $0.key < $1.key }
        #expect(
            self.tree.brokenInvariant { $0.key < $1.key } == nil,
            sourceLocation: sourceLocation
        )
        #expect(self.entries(from: .min) == sorted, sourceLocation: sourceLocation)
        #expect(self.tree.weight == sorted.reduce(0) { $0 + $1.weight }, sourceLocation: sourceLocation)
        #expect(self.tree.isEmpty == sorted.isEmpty, sourceLocation: sourceLocation)
    }

    func entries(from key: Int, limit: Int = .max, skipsWeightless: Bool = false) -> [TreeEntry] {
        var found: [TreeEntry] = []
        self.tree.forEach(from: TreeEntry.order(key), skipsWeightless: skipsWeightless) { entry in
            found.append(copy entry)
            return found.count < limit
        }
        return found
    }
}

@Suite struct SortedTreeTests {
    @Test(arguments: 0..<6 as Range<UInt64>)
    func randomChangesLeaveTheSameAsInADictionary(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var checked = CheckedTree()
        var snapshots: [CheckedTree] = []
        // Grow, churn, shrink, and again: splits, merges and collapses of the root.
        for percentOfRemovals in [5, 50, 95, 10, 99] {
            for step in 0..<1500 {
                let key = random.below(2500)
                if random.chance(percentOfRemovals) {
                    checked.remove(key)
                } else {
                    checked.set(key, payload: step, weight: random.below(3))
                }
                if step % 300 == 0 { checked.check() }
                if step % 400 == 0 { snapshots.append(checked) }
            }
        }
        // A copy never sees later changes.
        for snapshot in snapshots { snapshot.check() }
    }

    enum Order: CaseIterable {
        case ascending
        case descending
        case outsideIn
        case insideOut

        func keys(_ count: Int) -> [Int] {
            let outsideIn = (0..<count).map { $0 % 2 == 0 ? $0 / 2 : count - 1 - $0 / 2 }
            return switch self {
            case .ascending: Array(0..<count)
            case .descending: (0..<count).reversed()
            case .outsideIn: outsideIn
            case .insideOut: outsideIn.reversed()
            }
        }
    }

    @Test(arguments: Order.allCases, Order.allCases)
    func aTreeFilledInAnyOrderCanBeEmptiedInAnyOrder(filling: Order, emptying: Order) {
        let count = 3000
        var checked = CheckedTree()
        for key in filling.keys(count) { checked.set(key) }
        checked.check()
        let full = checked
        for (step, key) in emptying.keys(count).enumerated() {
            checked.remove(key)
            if step % 500 == 0 { checked.check() }
        }
        checked.check()
        #expect(checked.tree.isEmpty)
        full.check()
    }

    @Test(arguments: [2, 33, 63, 64, 65, 500])
    func keysThatSurviveAMassDeleteAreStillFoundAndNewOnesFindTheirPlace(stride: Int) {
        var checked = CheckedTree()
        for key in 0..<6000 { checked.set(key * 2) }
        for key in 0..<6000 where key % stride != 0 { checked.remove(key * 2) }
        checked.check()
        // Between the remaining ones, below and above all: bounds of inner nodes are out of date by now.
        for key in -200..<200 { checked.set(key) }
        for key in Swift.stride(from: 1, to: 12_001, by: 7) { checked.set(key) }
        checked.check()
        for key in checked.expected.keys.sorted() { checked.remove(key) }
        checked.check()
    }

    /// Inner nodes lose their first children, get keys below what is left, and are joined with their
    /// neighbours.
    @Test(arguments: 0..<3 as Range<UInt64>)
    func boundsStayRightWhenWholeRegionsAreEmptiedAndRefilled(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var checked = CheckedTree()
        // Splits leave leaves half full; the odd keys fill them up, so that they are emptied before they are
        // joined.
        for key in stride(from: 0, to: 9000, by: 2) { checked.set(key) }
        for key in stride(from: 1, to: 9000, by: 2) { checked.set(key) }
        // Regions that begin and end where leaves do.
        for _ in 0..<25 {
            let start = random.below(140) * 64
            let end = min(start + (1 + random.below(24)) * 64, 9000)
            for key in start..<end { checked.remove(key) }
            for _ in 0..<random.below(3) { checked.set(start + random.below(64)) }
            checked.check()
        }
    }

    @Test func weightsBeforeAPositionAreTheSumOfWhatIsBefore() {
        var random = SeededGenerator(seed: 7)
        var checked = CheckedTree()
        for _ in 0..<3000 { checked.set(random.below(4000), weight: random.below(4)) }
        let sorted = checked.expected.values.sorted { $0.key < $1.key }
        for key in [-1, 0, 1, 1999, 2000, 3999, 4000] + (0..<100).map({ _ in random.below(4000) }) {
            let expected = sorted.prefix { $0.key < key }.reduce(0) { $0 + $1.weight }
            #expect(checked.tree.weight(before: TreeEntry.order(key)) == expected, "before \(key)")
        }
    }

    @Test func aVisitBeginsAtItsPositionAndEndsWhenToldTo() {
        var random = SeededGenerator(seed: 8)
        var checked = CheckedTree()
        for _ in 0..<2000 { checked.set(random.below(6000)) }
        let sorted = checked.expected.values.sorted { $0.key < $1.key }
        for _ in 0..<100 {
            let key = random.below(6200) - 100
            let limit = 1 + random.below(200)
            let expected = Array(sorted.drop { $0.key < key }.prefix(limit))
            #expect(checked.entries(from: key, limit: limit) == expected, "from \(key), at most \(limit)")
        }
    }

    @Test func aVisitThatSkipsTheWeightlessSeesAllThatHaveWeight() {
        var checked = CheckedTree()
        for key in 0..<5000 { checked.set(key, weight: key % 1000 < 10 ? 1 : 0) }
        for start in [0, 5, 500, 1005, 4009, 4990] {
            let seen = checked.entries(from: start, skipsWeightless: true)
            let expected = (start..<5000).filter { $0 % 1000 < 10 }
            #expect(seen.filter { $0.weight > 0 }.map(\.key) == expected, "from \(start)")
            #expect(seen.count < 1000, "subtrees without weight are left out")
        }
    }

    @Test func findingReturnsTheElementOrNothing() {
        var checked = CheckedTree()
        #expect(checked.tree.find(TreeEntry.order(1)) == nil)
        for key in 0..<1000 { checked.set(key * 3, payload: key) }
        for key in -3..<3003 {
            #expect(checked.tree.find(TreeEntry.order(key)) == checked.expected[key])
        }
    }

    @Test func removingWhatIsNotThereChangesNothing() {
        var checked = CheckedTree()
        checked.remove(1)
        checked.check()
        for key in 0..<300 { checked.set(key * 2) }
        for key in 0..<300 { checked.remove(key * 2 + 1) }
        checked.check()
        #expect(checked.tree.weight == 300)
    }
}
