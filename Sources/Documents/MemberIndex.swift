/// Where the members of an object are, by name: for those who ask for many.
struct MemberIndex {
    /// So many members are found by looking at all of them.
    private static let smallCount = 16

    private let object: DocumentObject
    /// Empty for a small object.
    private var positions: [ExactText: Int] = [:]

    init(_ object: DocumentObject) {
        self.object = object
        guard object.members.count > Self.smallCount else { return }
        self.positions.reserveCapacity(object.members.count)
        for (position, member) in object.members.enumerated() {
            self.positions[ExactText(member.name)] = position
        }
    }

    func position(of name: String) -> Int? {
        guard self.positions.isEmpty else { return self.positions[ExactText(name)] }
        return self.object.members.firstIndex { $0.name.isExactly(name) }
    }
}
