import TestSupport
import Testing

@Suite struct OdometerTests {
    @Test func everySequenceOfChoicesIsSeenOnceAndInOrder() {
        var odometer = Odometer()
        var worlds: [[Int]] = []
        while odometer.next() {
            let length = odometer.choose(3)
            worlds.append((0..<length).map { _ in odometer.choose(2) })
        }
        #expect(worlds == [[], [0], [1], [0, 0], [0, 1], [1, 0], [1, 1]])
    }
}
