import Documents

extension DocumentValue {
    /// Returns the values at a path of names, such as `spec.endpoints.url`; an array stands for its elements.
    func values(at path: String) -> [DocumentValue] {
        var values = [self]
        for name in path.split(separator: ".") {
            values = values.flatMap { value in
                switch value {
                case .array(let elements): elements.compactMap { $0.object?[String(name)] }
                default: [value.object?[String(name)]].compactMap { $0 }
                }
            }
        }
        return values.flatMap { $0.array ?? [$0] }
    }

    /// Returns the text at a path; `nil` when there is none.
    func text(at path: String) -> String? { self.values(at: path).first?.string }

    /// The value as it is shown in a cell.
    var cell: String {
        switch self {
        case .null: ""
        case .bool(let bool): bool ? "true" : "false"
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .string(let text): text
        case .array(let elements): elements.map(\.cell).joined(separator: ",")
        case .object(let object): object.members.map { "\($0.name)=\($0.value.cell)" }.joined(separator: ",")
        }
    }

    /// Every scalar with its path, in the order of the document.
    var leaves: [(path: String, value: DocumentValue)] {
        switch self {
        case .object(let object):
            object.members.flatMap { member in
                member.value.leaves.map { leaf in
                    (leaf.path.isEmpty ? member.name : "\(member.name).\(leaf.path)", leaf.value)
                }
            }
        case .array(let elements) where elements.contains { $0.object != nil }:
            elements.enumerated().flatMap { index, element in
                element.leaves.map { ($0.path.isEmpty ? "\(index)" : "\(index).\($0.path)", $0.value) }
            }
        case .array, .null, .bool, .integer, .number, .string: [("", self)]
        }
    }
}
