/// Every object of the admin plane at one moment: a value, copied with a few retains.
///
/// Changing a table copies its array of references only while somebody holds an older copy.
package struct AdminTables: Sendable {
    /// The newest event row; the version of a list.
    package internal(set) var resourceVersion: Int64 = 0
    private var tables: [String: [AdminObject]] = [:]

    /// Creates empty tables.
    init() {}

    /// The object of that name, if there is one.
    ///
    /// - Complexity: O(log *n*) for *n* objects of the kind.
    package func object(_ kind: String, _ name: String) -> AdminObject? {
        guard let table = self.tables[kind] else { return nil }
        let index = Self.index(of: name, in: table)
        return index < table.count && table[index].name == name ? table[index] : nil
    }

    /// The objects of a kind in the order of their names' bytes, from the first after `name`.
    package func objects(_ kind: String, after name: String = "") -> ArraySlice<AdminObject> {
        guard let table = self.tables[kind] else { return [] }
        var index = Self.index(of: name, in: table)
        if index < table.count, table[index].name == name { index += 1 }
        return table[index...]
    }

    /// The kinds of which there are objects, in the order of their bytes.
    package var kinds: [String] {
        self.tables.filter { !$0.value.isEmpty }.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The number of objects of a kind.
    package func count(_ kind: String) -> Int { self.tables[kind]?.count ?? 0 }

    /// Puts an object into its place.
    mutating func set(_ object: AdminObject) {
        let index = Self.index(of: object.name, in: self.tables[object.kind] ?? [])
        let table = self.tables[object.kind] ?? []
        if index < table.count, table[index].name == object.name {
            self.tables[object.kind]?[index] = object
        } else {
            self.tables[object.kind, default: []].insert(object, at: index)
        }
    }

    /// Takes an object out.
    mutating func remove(_ kind: String, _ name: String) {
        guard self.object(kind, name) != nil, let table = self.tables[kind] else { return }
        let index = Self.index(of: name, in: table)
        self.tables[kind]?.remove(at: index)
    }

    /// The first index whose name is not before `name`.
    private static func index(of name: String, in table: [AdminObject]) -> Int {
        var low = 0
        var high = table.count
        while low < high {
            let middle = (low + high) / 2
            if table[middle].name.utf8.lexicographicallyPrecedes(name.utf8) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}
