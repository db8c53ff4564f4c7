import ChangeBus
import Testing

@Suite struct PublishedTests {
    @Test func theNewestValueIsRead() {
        let cell = Published(1)
        #expect(cell.current == 1)
        cell.publish(2)
        cell.publish(3)
        #expect(cell.current == 3)
    }

    @Test(.timeLimit(.minutes(5)))
    func readersNeverSeeAMixtureNorGoBack() async {
        struct Pair: Sendable {
            var left: Int
            var right: [Int]
        }
        let rounds = 20_000
        let cell = Published(Pair(left: 0, right: [0]))
        let isOrdered = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for round in 1...rounds {
                    cell.publish(Pair(left: round, right: [round]))
                }
                return true
            }
            for _ in 0..<3 {
                group.addTask {
                    var last = 0
                    while last < rounds {
                        let pair = cell.current
                        guard pair.right == [pair.left], pair.left >= last else { return false }
                        last = pair.left
                    }
                    return true
                }
            }
            return await group.reduce(true) { $0 && $1 }
        }
        #expect(isOrdered)
    }

    @Test func aReaderKeepsTheValueItTook() {
        let cell = Published([1, 2, 3])
        let snapshot = cell.current
        cell.publish([])
        #expect(snapshot == [1, 2, 3])
        #expect(cell.current.isEmpty)
    }

    @Test func theReplacedValueIsFreed() {
        final class Payload: Sendable {}
        weak var first: Payload?
        let cell: Published<Payload>
        do {
            let payload = Payload()
            first = payload
            cell = Published(payload)
        }
        #expect(first != nil)
        cell.publish(Payload())
        #expect(first == nil)
    }
}
