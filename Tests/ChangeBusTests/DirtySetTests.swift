import ChangeBus
import Testing

@Suite struct DirtySetTests {
    @Test func markedNamesAreTakenOnceAndInOrder() async {
        let set = DirtySet<String>()
        set.mark("b")
        set.mark("a")
        set.mark("b")
        #expect(set.count == 2)
        #expect(await set.next() == .names(["a", "b"]))
        #expect(set.count == 0)
        #expect(set.take() == .names([]))
    }

    @Test func markingManyIsOneChange() async {
        let set = DirtySet<Int>()
        set.mark(contentsOf: stride(from: 9, through: 1, by: -4))
        set.mark(contentsOf: [])
        #expect(await set.next() == .names([1, 5, 9]))
    }

    @Test func exceedingTheLimitMeansEverything() async {
        let set = DirtySet<Int>(limit: 3)
        set.mark(contentsOf: [1, 2, 3, 3, 2])
        #expect(set.count == 3)
        #expect(set.overflows == 0)
        set.mark(4)
        set.mark(5)
        #expect(set.count == 0)
        #expect(set.overflows == 1)
        #expect(await set.next() == .everything)
        #expect(set.take() == .names([]))
    }

    @Test func namesMarkedAfterEverythingWasTakenAreKept() async {
        let set = DirtySet<Int>(limit: 1)
        set.mark(contentsOf: [1, 2, 3])
        #expect(await set.next() == .everything)
        set.mark(7)
        #expect(await set.next() == .names([7]))
        #expect(set.overflows == 1)
    }

    @Test func markingEverythingIsNoOverflow() async {
        let set = DirtySet<Int>()
        set.mark(1)
        set.markEverything()
        set.mark(2)
        #expect(await set.next() == .everything)
        #expect(set.overflows == 0)
    }

    @Test(.timeLimit(.minutes(5)))
    func aMarkWakesTheWaitingConsumer() async {
        let set = DirtySet<Int>()
        async let changes = set.next()
        await Task.yield()
        set.mark(1)
        #expect(await changes == .names([1]))
    }

    @Test(.timeLimit(.minutes(5)))
    func aCancelledConsumerReturnsNothing() async {
        let set = DirtySet<Int>()
        let changes = await withTaskGroup(of: Changes<Int>.self) { group in
            group.addTask { await set.next() }
            await Task.yield()
            group.cancelAll()
            return await group.next()
        }
        #expect(changes == .names([]))
        set.mark(1)
        #expect(await set.next() == .names([1]))
    }

    @Test(.timeLimit(.minutes(5)))
    func aConsumerCancelledBeforeItWaitsStillTakesWhatIsMarked() async {
        let set = DirtySet<Int>()
        set.mark(1)
        let changes = await withTaskGroup(of: Changes<Int>.self) { group in
            group.cancelAll()
            group.addTask { await set.next() }
            return await group.next()
        }
        #expect(changes == .names([1]))
    }

    @Test(.timeLimit(.minutes(5)), arguments: [1_000_000, 50])
    func noMarkIsLostUnderConcurrency(limit: Int) async {
        let writers = 4
        let perWriter = 5_000
        let last = -1
        let set = DirtySet<Int>(limit: limit)

        async let seen = {
            // What the consumer covers: a name itself, or everything that had been marked by then.
            var names: Set<Int> = []
            var sawEverything = false
            while true {
                switch await set.next() {
                case .everything:
                    // The end mark may have been swallowed, so the whole is compared again and the loop ends.
                    sawEverything = true
                    if limit < writers * perWriter { return (names, sawEverything) }
                case .names(let marked):
                    names.formUnion(marked)
                    if marked.contains(last) { return (names, sawEverything) }
                }
            }
        }()
        await withDiscardingTaskGroup { group in
            for writer in 0..<writers {
                group.addTask {
                    for index in 0..<perWriter { set.mark(writer * perWriter + index) }
                }
            }
        }
        set.mark(last)

        let (names, sawEverything) = await seen
        if !sawEverything {
            #expect(names == Set(0..<(writers * perWriter)).union([last]))
        }
        #expect(sawEverything == (set.overflows > 0))
    }

    @Test func aSecondConsumerIsAProgrammerError() async {
        await #expect(processExitsWith: .failure) {
            let set = DirtySet<Int>()
            await withDiscardingTaskGroup { group in
                group.addTask { _ = await set.next() }
                group.addTask { _ = await set.next() }
            }
        }
    }
}
