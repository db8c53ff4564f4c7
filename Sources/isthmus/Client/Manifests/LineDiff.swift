/// The difference of two texts, in the unified form that `diff -u` and `patch` know.
enum LineDiff {
    /// How many equal lines are shown around what differs.
    static let context = 3

    private struct Line {
        let mark: Character
        let text: String
    }

    /// Returns the difference without the two lines of names; empty when there is none.
    static func unified(from old: [String], to new: [String]) -> [String] {
        let lines = Self.lines(from: old, to: new)
        let changed = lines.indices.filter { lines[$0].mark != " " }
        var hunks: [Range<Int>] = []
        for index in changed {
            let range = max(0, index - Self.context)..<min(lines.count, index + Self.context + 1)
            if let last = hunks.last, last.upperBound >= range.lowerBound {
                hunks[hunks.count - 1] = last.lowerBound..<range.upperBound
            } else {
                hunks.append(range)
            }
        }
        return hunks.flatMap { hunk in
            [Self.header(lines, hunk)] + lines[hunk].map { "\($0.mark)\($0.text)" }
        }
    }

    private static func lines(from old: [String], to new: [String]) -> [Line] {
        let difference = new.difference(from: old)
        var removed: Set<Int> = []
        var inserted: Set<Int> = []
        for change in difference {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        var lines: [Line] = []
        var (oldIndex, newIndex) = (0, 0)
        while oldIndex < old.count || newIndex < new.count {
            if removed.contains(oldIndex) {
                lines.append(Line(mark: "-", text: old[oldIndex]))
                oldIndex += 1
            } else if inserted.contains(newIndex) {
                lines.append(Line(mark: "+", text: new[newIndex]))
                newIndex += 1
            } else {
                lines.append(Line(mark: " ", text: new[newIndex]))
                oldIndex += 1
                newIndex += 1
            }
        }
        return lines
    }

    private static func header(_ lines: [Line], _ hunk: Range<Int>) -> String {
        func span(_ foreign: Character) -> String {
            let before = lines[..<hunk.lowerBound].count { $0.mark != foreign }
            let count = lines[hunk].count { $0.mark != foreign }
            return "\(count == 0 ? before : before + 1),\(count)"
        }
        return "@@ -\(span("+")) +\(span("-")) @@"
    }
}
