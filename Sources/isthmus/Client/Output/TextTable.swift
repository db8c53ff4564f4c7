/// A table for people: columns two spaces apart, the first line their titles.
struct TextTable: Sendable, Equatable {
    /// The titles.
    let titles: [String]
    /// The cells, as many in each row as there are titles.
    private(set) var rows: [[String]] = []

    init(_ titles: [String]) {
        self.titles = titles
    }

    /// Adds a row; an empty cell is shown as a dash.
    mutating func add(_ cells: [String]) {
        precondition(cells.count == self.titles.count, "a row has a cell for each title")
        self.rows.append(cells.map { $0.isEmpty ? "-" : TerminalText.printable($0) })
    }

    /// How wide each column is.
    var widths: [Int] {
        self.titles.indices.map { column in
            self.rows.map { $0[column].count }.reduce(self.titles[column].count, max)
        }
    }

    /// The lines, each with a line feed.
    var text: String { self.text(widths: self.widths, hasTitles: true) }

    /// Returns the lines with columns at least as wide as given.
    func text(widths: [Int], hasTitles: Bool) -> String {
        let lines = hasTitles ? [self.titles] + self.rows : self.rows
        return lines.map { Self.line($0, widths) + "\n" }.joined()
    }

    private static func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = ""
        for (cell, width) in zip(cells, widths) {
            line += cell + String(repeating: " ", count: max(0, width - cell.count) + 2)
        }
        while line.hasSuffix(" ") { line.removeLast() }
        return line
    }
}
