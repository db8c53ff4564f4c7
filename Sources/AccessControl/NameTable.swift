/// Something that is found by its name.
protocol Named {
    var name: String { get }
}

/// Elements by name, in the byte order of their names.
///
/// Not a dictionary: Swift's strings are equal when they look equal, and two users must not be one because of
/// how an accent is written.
struct NameTable<Element: Named & Hashable & Sendable>: Hashable, Sendable {
    private(set) var elements: [Element] = []

    subscript(name: String) -> Element? {
        let index = self.position(of: name)
        return self.holds(name, at: index) ? self.elements[index] : nil
    }

    /// Adds the element or replaces the one of its name.
    mutating func set(_ element: Element) {
        let index = self.position(of: element.name)
        if self.holds(element.name, at: index) {
            self.elements[index] = element
        } else {
            self.elements.insert(element, at: index)
        }
    }

    mutating func remove(_ name: String) {
        let index = self.position(of: name)
        if self.holds(name, at: index) { self.elements.remove(at: index) }
    }

    private func holds(_ name: String, at index: Int) -> Bool {
        index < self.elements.count && self.elements[index].name.isSameName(as: name)
    }

    /// Returns the first position whose name is not below `name`, by bisection.
    private func position(of name: String) -> Int {
        var low = 0
        var high = self.elements.count
        while low < high {
            let middle = (low + high) / 2
            if self.elements[middle].name.precedes(name) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}

extension String {
    /// Whether the bytes are the same.
    package func isSameName(as other: String) -> Bool { self.utf8.elementsEqual(other.utf8) }

    /// Whether the bytes are below those of `other`.
    func precedes(_ other: String) -> Bool { self.utf8.lexicographicallyPrecedes(other.utf8) }
}
