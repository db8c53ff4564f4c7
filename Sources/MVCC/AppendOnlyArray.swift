import Synchronization

/// A growing sequence whose copies share one buffer, so that appending to a copy is O(1) amortised and never
/// copies what a reader holds.
///
/// A copy sees the first ``count`` slots and no more. An append claims the next slot of the shared buffer
/// with one atomic operation; if a diverging copy has already claimed it, or the buffer is full, the elements
/// move to a new buffer. So this is a value like any other array, but the common case (one writer that
/// appends to the newest copy while readers hold older ones) shares everything.
@safe struct AppendOnlyArray<Element: Sendable>: Sendable {
    private var storage: Storage?
    /// The number of elements.
    private(set) var count = 0

    /// Creates an empty array.
    init() {}

    /// Creates an array of `elements`.
    init(_ elements: some Collection<Element>) {
        guard !elements.isEmpty else { return }
        let storage = Storage(capacity: elements.count)
        for element in elements { storage.fill(element) }
        self.storage = storage
        self.count = elements.count
    }

    /// Creates an empty array with room for `capacity` elements.
    init(capacity: Int) {
        self.storage = Storage(capacity: capacity)
    }

    var isEmpty: Bool { self.count == 0 }
    var last: Element? { self.count == 0 ? nil : self[self.count - 1] }

    subscript(index: Int) -> Element {
        @inline(__always) get {
            precondition(index >= 0 && index < self.count, "index out of range")
            guard let storage = self.storage else {
                preconditionFailure("an array with elements has a buffer")
            }
            return storage[index]
        }
    }

    /// Appends `element`.
    ///
    /// O(1) amortised.
    mutating func append(_ element: Element) {
        if let storage = self.storage, storage.claim(self.count) {
            storage.write(element, at: self.count)
        } else {
            let bigger = Storage(capacity: max(4, self.count * 2))
            for index in 0..<self.count { bigger.fill(self[index]) }
            bigger.fill(element)
            self.storage = bigger
        }
        self.count += 1
    }

    /// Returns the number of leading elements for which `isBefore` holds; they must be a prefix.
    ///
    /// O(log *n*).
    func partitionIndex(_ isBefore: (Element) -> Bool) -> Int {
        var low = 0
        var high = self.count
        while low < high {
            let middle = (low + high) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Returns the elements from `start` on in a buffer of their own.
    func suffix(from start: Int) -> AppendOnlyArray {
        AppendOnlyArray((start..<self.count).map { self[$0] })
    }
}

extension AppendOnlyArray {
    @safe private final class Storage: @unchecked Sendable {
        // Unchecked: a slot is written once, by whoever claimed it, before a copy that counts it can exist
        // elsewhere.
        private let slots: UnsafeMutablePointer<Element>
        private let capacity: Int
        private let filled = Atomic(0)

        init(capacity: Int) {
            unsafe self.slots = .allocate(capacity: capacity)
            self.capacity = capacity
        }

        deinit {
            unsafe self.slots.deinitialize(count: self.filled.load(ordering: .acquiring))
            unsafe self.slots.deallocate()
        }

        subscript(index: Int) -> Element {
            @inline(__always) get { unsafe self.slots[index] }
        }

        /// Takes the slot after the first `count` for the caller, unless it is taken or does not exist.
        func claim(_ count: Int) -> Bool {
            count < self.capacity
                && self.filled.compareExchange(
                    expected: count,
                    desired: count + 1,
                    ordering: .acquiringAndReleasing
                ).exchanged
        }

        func write(_ element: Element, at index: Int) {
            unsafe (self.slots + index).initialize(to: element)
        }

        /// Appends while no copy exists yet.
        func fill(_ element: Element) {
            let index = self.filled.load(ordering: .relaxed)
            precondition(index < self.capacity, "a buffer is filled beyond its capacity")
            unsafe (self.slots + index).initialize(to: element)
            self.filled.store(index + 1, ordering: .releasing)
        }
    }
}
