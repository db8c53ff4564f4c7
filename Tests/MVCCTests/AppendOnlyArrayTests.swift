import Synchronization
import Testing

@testable import MVCC

@Suite struct AppendOnlyArrayTests {
    /// Counts the objects that live.
    final class Census: Sendable {
        let living = Atomic(0)
    }

    final class Citizen: Sendable {
        let name: Int
        private let census: Census

        init(_ name: Int, in census: Census) {
            self.name = name
            self.census = census
            census.living.add(1, ordering: .relaxed)
        }

        deinit {
            self.census.living.subtract(1, ordering: .relaxed)
        }
    }

    private func elements<T>(_ array: AppendOnlyArray<T>) -> [T] {
        (0..<array.count).map { array[$0] }
    }

    @Test func appendedElementsAreThereInOrder() {
        var array = AppendOnlyArray<Int>()
        #expect(array.isEmpty)
        #expect(array.last == nil)
        for number in 0..<1000 {
            array.append(number)
            #expect(array.last == number)
        }
        #expect(self.elements(array) == Array(0..<1000))
    }

    @Test func anArrayOfElementsHoldsThem() {
        #expect(self.elements(AppendOnlyArray([3, 1, 2])) == [3, 1, 2])
        #expect(AppendOnlyArray([Int]()).isEmpty)
    }

    @Test func aCopyDoesNotSeeLaterElements() {
        var array = AppendOnlyArray<Int>(capacity: 8)
        var copies: [AppendOnlyArray<Int>] = [array]
        for number in 0..<40 {
            array.append(number)
            copies.append(array)
        }
        for (count, copy) in copies.enumerated() { #expect(self.elements(copy) == Array(0..<count)) }
    }

    @Test func copiesThatDivergeKeepTheirOwnElements() {
        var base = AppendOnlyArray<Int>(capacity: 16)
        for number in 0..<5 { base.append(number) }
        var left = base
        var right = base
        for number in 0..<30 {
            left.append(100 + number)
            right.append(200 + number)
            // An old copy goes on from where it stopped, whatever others did in the meantime.
            var late = base
            late.append(300 + number)
            #expect(self.elements(late) == [0, 1, 2, 3, 4, 300 + number])
        }
        #expect(self.elements(left) == Array(0..<5) + (100..<130))
        #expect(self.elements(right) == Array(0..<5) + (200..<230))
        #expect(self.elements(base) == Array(0..<5))
    }

    @Test func aSuffixIsIndependent() {
        var array = AppendOnlyArray([0, 1, 2, 3])
        var suffix = array.suffix(from: 2)
        array.append(4)
        suffix.append(5)
        #expect(self.elements(array) == [0, 1, 2, 3, 4])
        #expect(self.elements(suffix) == [2, 3, 5])
        #expect(array.suffix(from: 5).isEmpty)
    }

    @Test(arguments: 0..<9)
    func partitioningReturnsTheLengthOfThePrefix(count: Int) {
        let array = AppendOnlyArray(Array(0..<count))
        for boundary in 0...count { #expect(array.partitionIndex { $0 < boundary } == boundary) }
    }

    @Test(.timeLimit(.minutes(5)))
    func copiesThatAppendOnTwoThreadsEachKeepTheirOwnElement() async {
        let rounds = 4000
        var bases: [AppendOnlyArray<Int>] = []
        for round in 0..<rounds {
            // Lengths at and around a buffer's end.
            var base = AppendOnlyArray<Int>(capacity: 4)
            for number in 0..<(1 + round % 4) { base.append(number) }
            bases.append(base)
        }
        let shared = bases
        let wrong = await withTaskGroup(of: Int.self) { group in
            for task in 0..<2 {
                group.addTask {
                    var wrong = 0
                    for (round, base) in shared.enumerated() {
                        var own = base
                        own.append(1000 * (task + 1) + round)
                        own.append(-round)
                        let expected = Array(0..<(1 + round % 4)) + [1000 * (task + 1) + round, -round]
                        if (0..<own.count).map({ own[$0] }) != expected { wrong += 1 }
                    }
                    return wrong
                }
            }
            return await group.reduce(0, +)
        }
        #expect(wrong == 0)
        for (round, base) in bases.enumerated() { #expect(base.count == 1 + round % 4) }
    }

    @Test func everyElementIsReleasedWithTheLastCopy() {
        let census = Census()
        do {
            var array = AppendOnlyArray<Citizen>(capacity: 4)
            for name in 0..<10 { array.append(Citizen(name, in: census)) }
            var copies = [array, array.suffix(from: 7)]
            for name in 10..<13 {
                var copy = array
                copy.append(Citizen(name, in: census))
                copies.append(copy)
            }
            array.append(Citizen(13, in: census))
            #expect(census.living.load(ordering: .relaxed) == 14)
            #expect(copies.map { $0.last?.name } == [9, 9, 10, 11, 12])
        }
        #expect(census.living.load(ordering: .relaxed) == 0)
    }

    @Test func elementsThatOnlyADroppedCopyHadAreReleasedWithTheBuffer() {
        let census = Census()
        do {
            var array = AppendOnlyArray<Citizen>(capacity: 8)
            array.append(Citizen(0, in: census))
            do {
                // What a rolled-back write leaves behind: a claimed slot that nobody sees.
                var rolledBack = array
                rolledBack.append(Citizen(1, in: census))
                #expect(rolledBack.count == 2)
            }
            array.append(Citizen(2, in: census))
            #expect((0..<array.count).map { array[$0].name } == [0, 2])
        }
        #expect(census.living.load(ordering: .relaxed) == 0)
    }

    @Test func readingPastTheEndIsAProgrammerError() async {
        await #expect(processExitsWith: .failure) {
            let array = AppendOnlyArray([1, 2, 3])
            let bigger: AppendOnlyArray<Int> = {
                var copy = array
                copy.append(4)
                return copy
            }()
            _ = bigger[3]
            _ = array[3]
        }
    }
}
