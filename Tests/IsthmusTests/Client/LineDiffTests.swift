import Testing

@testable import isthmus

@Suite struct LineDiffTests {
    /// Every list of up to `length` letters.
    private func lists(_ length: Int) -> [[String]] {
        guard length > 0 else { return [[]] }
        let shorter = self.lists(length - 1)
        let longest = shorter.filter { $0.count == length - 1 }
        return shorter + longest.flatMap { [$0 + ["a"], $0 + ["b"]] }
    }

    @Test func everySmallDifferenceHasBothTextsInIt() {
        let lists = self.lists(4)
        for old in lists {
            for new in lists {
                let lines = LineDiff.unified(from: old, to: new)
                guard old != new else {
                    #expect(lines.isEmpty)
                    continue
                }
                let body = lines.dropFirst()
                #expect(lines.count { $0.hasPrefix("@@") } == 1)
                // Equal lines at the ends may be too far away to be shown.
                #expect(self.contains(old, body.filter { !$0.hasPrefix("+") }.map { String($0.dropFirst()) }))
                #expect(self.contains(new, body.filter { !$0.hasPrefix("-") }.map { String($0.dropFirst()) }))
            }
        }
    }

    private func contains(_ whole: [String], _ part: [String]) -> Bool {
        part.isEmpty
            || (0...max(0, whole.count - part.count)).contains { whole.dropFirst($0).starts(with: part) }
    }

    @Test func hunksHaveThePlacesThatPatchExpects() {
        let old = (1...20).map { "\($0)" }
        var new = old
        new[1] = "two"
        new.remove(at: 15)
        #expect(
            LineDiff.unified(from: old, to: new) == [
                "@@ -1,5 +1,5 @@", " 1", "-2", "+two", " 3", " 4", " 5",
                "@@ -13,7 +13,6 @@", " 13", " 14", " 15", "-16", " 17", " 18", " 19",
            ]
        )
        #expect(LineDiff.unified(from: [], to: ["a", "b"]) == ["@@ -0,0 +1,2 @@", "+a", "+b"])
        #expect(LineDiff.unified(from: ["a"], to: []) == ["@@ -1,1 +0,0 @@", "-a"])
    }
}
