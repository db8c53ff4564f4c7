import Documents
import FoundationEssentials

/// A column of a table of objects.
struct ResourceColumn: Sendable, Hashable {
    /// What a cell makes of the values at the path.
    enum Style: Sendable {
        /// The values themselves, with commas.
        case values
        /// How many there are.
        case count
        /// How long ago the first one was.
        case age
        /// Whether the condition `Applied` is true, or why it is not.
        case applied
    }

    let title: String
    private let path: String
    private let style: Style

    init(_ title: String, _ path: String, _ style: Style = .values) {
        self.title = title
        self.path = path
        self.style = style
    }

    /// Since when an object is there.
    static let age = ResourceColumn("AGE", "metadata.creationTimestamp", .age)
    /// Whether what an object wants is so.
    static let applied = ResourceColumn("APPLIED", "status.conditions", .applied)

    /// Returns the cell of an object.
    func cell(of object: DocumentValue, now: Date) -> String {
        let values = object.values(at: self.path)
        switch self.style {
        case .values: return values.map(\.cell).joined(separator: ",")
        case .count: return "\(values.count)"
        case .age: return values.first?.string.map { Age.text(of: $0, now: now) } ?? ""
        case .applied:
            let condition = values.first { $0.object?["type"] == "Applied" }
            guard let status = condition?.text(at: "status"), status != "True" else {
                return condition == nil ? "" : "True"
            }
            return condition?.text(at: "reason") ?? status
        }
    }
}
