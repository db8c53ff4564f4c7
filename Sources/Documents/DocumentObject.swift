/// The members of a JSON object: an ordered map with unique names.
///
/// Names are the same when their bytes are: Unicode's equivalence would lose members.
package struct DocumentObject: Hashable, Sendable {
    /// A name and its value.
    package struct Member: Hashable, Sendable {
        /// The name.
        package let name: String
        /// The value.
        package var value: DocumentValue

        package static func == (left: Self, right: Self) -> Bool {
            left.name.isExactly(right.name) && left.value == right.value
        }

        package func hash(into hasher: inout Hasher) {
            hasher.combine(ExactText(self.name))
            hasher.combine(self.value)
        }
    }

    /// The members in the order in which they were written.
    package private(set) var members: [Member] = []

    /// Creates an object without members.
    package init() {}

    /// Creates an object of members whose names are known to be unique.
    init(unchecked members: [Member]) {
        self.members = members
    }

    /// Creates an object of texts by name, in the order of the names.
    package init(_ texts: [String: String]) {
        self.members = texts.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            .map { Member(name: $0.key, value: .string($0.value)) }
    }

    /// Whether there is no member.
    package var isEmpty: Bool { self.members.isEmpty }

    /// The names in the order in which they were written.
    package var names: [String] { self.members.map(\.name) }

    /// The value of a member; setting `nil` removes the member, setting a new one appends it.
    ///
    /// - Complexity: O(*n*) in the number of members.
    package subscript(name: String) -> DocumentValue? {
        get { self.members.first { $0.name.isExactly(name) }?.value }
        set {
            let index = self.members.firstIndex { $0.name.isExactly(name) }
            switch (index, newValue) {
            case (let index?, let value?): self.members[index].value = value
            case (let index?, nil): self.members.remove(at: index)
            case (nil, let value?): self.members.append(Member(name: name, value: value))
            case (nil, nil): break
            }
        }
    }
}
