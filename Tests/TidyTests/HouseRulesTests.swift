import Testing

/// Reads the whole repository and applies every rule.
///
/// Each failure names the file, the line and the reason.
@Suite struct HouseRulesTests {
    @Test func theRepositoryKeepsItsRules() throws {
        let files = try Repository.files()
        #expect(files.count > 20, "the sources were not found below \(Repository.root.path)")
        var violations: [Violation] = []
        for file in files {
            violations += SizeRules.check(file)
            violations += ImportRules.check(file)
            violations += NameRules.check(file)
            violations += ShapeRules.check(file)
        }
        violations += ShapeRules.targetsThatTest(files)
        violations += ShapeRules.placeholders(files)
        for violation in violations {
            Issue.record("\(violation)")
        }
    }

    @Test func theImportTableFollowsTheLayers() {
        for (target, row) in ImportTable.rows {
            for module in row.modules {
                guard let other = ImportTable.rows[module] else {
                    Issue.record("\(target) imports \(module), which has no row")
                    continue
                }
                #expect(other.layer <= row.layer, "\(target) imports \(module) from a layer above")
                #expect(
                    !(row.layer == .plane && other.layer == .plane),
                    "planes never import each other: \(target), \(module)"
                )
            }
        }
    }

    @Test func theImportTableHasNoCircle() {
        var unplaced = ImportTable.rows.mapValues(\.modules)
        while !unplaced.isEmpty {
            let free = unplaced.filter { $0.value.isEmpty }.map(\.key)
            guard !free.isEmpty else {
                Issue.record("these targets import each other in a circle: \(unplaced.keys.sorted())")
                return
            }
            for target in free { unplaced[target] = nil }
            for target in unplaced.keys { unplaced[target]?.subtract(free) }
        }
    }
}
