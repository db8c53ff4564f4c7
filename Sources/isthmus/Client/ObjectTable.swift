import Documents
import FoundationEssentials

/// Objects as a table, and as lines of names.
struct ObjectTable: Sendable {
    let kind: ResourceKind
    /// The time that ages are counted from.
    let now: Date
    /// What stands before the names, or nothing: the title of the column.
    var eventTitle: String?

    /// The titles.
    var titles: [String] {
        [self.eventTitle].compactMap { $0 } + ["NAME"] + self.kind.columns.map(\.title)
    }

    /// Returns the cells of an object.
    func cells(_ object: DocumentValue, event: String = "") -> [String] {
        let name = ObjectName(self.kind, of: object)?.name ?? self.kind.singular
        return (self.eventTitle == nil ? [] : [event]) + [name]
            + self.kind.columns.map { $0.cell(of: object, now: self.now) }
    }

    /// Returns the table of objects.
    func table(_ objects: [DocumentValue]) -> TextTable {
        var table = TextTable(self.titles)
        for object in objects { table.add(self.cells(object)) }
        return table
    }
}
