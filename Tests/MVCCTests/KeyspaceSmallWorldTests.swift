import MVCC
import NIOCore
import TestSupport
import Testing

/// Every sequence of a few operations on two keys, beside the model.
@Suite struct KeyspaceSmallWorldTests {
    /// The operations that are enumerated.
    enum Choice: CaseIterable {
        case putA
        case putB
        case deleteA
        case deleteEverything
        case transaction
        case compactAtHead
        case compactBelowHead
        case trimOne
    }

    @Test func everySequenceOfFourOperationsAnswersAsTheModelDoes() {
        var odometer = Odometer()
        var worlds = 0
        while odometer.next() {
            worlds += 1
            let length = odometer.choose(5)
            let choices = (0..<length).map { _ in Choice.allCases[odometer.choose(Choice.allCases.count)] }
            do throws(Mismatch) {
                try Self.run(choices)
            } catch {
                Issue.record("after \(choices): \(error)")
                return
            }
        }
        #expect(worlds == 1 + 8 + 64 + 512 + 4096)
    }

    /// With one record looked at in each slice, a compaction can come at every point of an unfinished
    /// trimming.
    @Test func everyInterleavingOfCompactionsAndTrimmingKeepsTheSameRecords() {
        let history: [Choice] = [.putA, .putB, .deleteEverything, .putA, .transaction, .deleteA]
        var base = World()
        for choice in history { Self.perform(choice, on: &base) }
        var odometer = Odometer()
        while odometer.next() {
            var world = base
            var horizon: Int64 = 0
            var steps: [String] = []
            do throws(Mismatch) {
                while horizon < base.model.revision {
                    horizon += 1 + Int64(odometer.choose(Int(base.model.revision - horizon)))
                    steps.append("compact \(horizon)")
                    try world.perform(.compact(horizon))
                    let slices = odometer.choose(4)
                    steps.append("trim \(slices)")
                    for _ in 0..<slices { try world.perform(.trim(limit: 1)) }
                }
                try world.trimFully(limit: 2)
                try world.checkEverything()
            } catch {
                Issue.record("\(steps): \(error)")
                return
            }
        }
    }

    private static func run(_ choices: [Choice]) throws(Mismatch) {
        var world = World()
        var before: [World] = []
        for choice in choices {
            before.append(world)
            if let action = self.action(choice, at: world.model) { try world.perform(action) }
        }
        try world.checkEverything()
        // Nothing that came later may show in an older copy.
        for copy in before.suffix(2) { try copy.checkEverything() }
        try world.trimFully(limit: 1)
        try world.checkEverything()
    }

    private static func perform(_ choice: Choice, on world: inout World) {
        do throws(Mismatch) {
            if let action = self.action(choice, at: world.model) { try world.perform(action) }
        } catch {
            Issue.record("\(choice): \(error)")
        }
    }

    private static let a = ByteBuffer(string: "a")
    private static let b = ByteBuffer(string: "b")

    private static func action(_ choice: Choice, at model: NaiveKeyspace) -> Action? {
        switch choice {
        case .putA: .put(Put(key: self.a, value: ByteBuffer(string: "1")))
        case .putB: .put(Put(key: self.b, value: ByteBuffer(string: "2")))
        case .deleteA: .deleteRange(DeleteRange(KeyRange(self.a)))
        case .deleteEverything: .deleteRange(DeleteRange(.everything))
        case .transaction: .transaction(self.transaction)
        case .compactAtHead: .compact(model.revision)
        case .compactBelowHead: .compact(model.revision - 1)
        case .trimOne: .trim(limit: 1)
        }
    }

    /// Swaps: deletes `a` and puts `b` if `a` exists, else puts `a` and deletes what was `b`; reads in
    /// between.
    private static let transaction: Transaction = {
        var query = RangeQuery(.everything)
        query.revision = 0
        let nested = Transaction(
            compares: [Compare(KeyRange(KeyspaceSmallWorldTests.b), .version(0), .equal)],
            success: [.put(Put(key: KeyspaceSmallWorldTests.b, value: ByteBuffer(string: "3")))],
            failure: [.deleteRange(DeleteRange(KeyRange(KeyspaceSmallWorldTests.b)))]
        )
        return Transaction(
            compares: [Compare(KeyRange(KeyspaceSmallWorldTests.a), .create(0), .greater)],
            success: [
                .deleteRange(DeleteRange(KeyRange(KeyspaceSmallWorldTests.a))), .range(query),
                .transaction(nested),
            ],
            failure: [
                .put(Put(key: KeyspaceSmallWorldTests.a, value: ByteBuffer(string: "4"))),
                .transaction(nested), .range(query),
            ]
        )
    }()
}
