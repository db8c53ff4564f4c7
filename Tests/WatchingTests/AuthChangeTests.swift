import AccessControl
import MVCC
import NIOCore
import Storage
import Testing
import Watching

/// Users that change while watches are open: whoever decides is asked before anything newer is delivered.
@Suite struct AuthChangeTests {
    @Test func theChangeIsToldBeforeTheEventsAfterIt() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        let kept = try stream.watch(.key("kept"))
        let lost = try stream.watch(.key("lost"))
        driver.write(.put("kept"), .put("lost"))
        let changes = Self.cancelling(lost, on: stream, in: driver)
        driver.write(.auth(.addRole(name: "r")), .put("kept"), .put("lost"))
        #expect(changes.revisions == [2], "told of the change, once")
        #expect(lost.lines == ["put lost@3"])
        #expect(kept.lines == ["put kept@2", "put kept@4"])
        #expect(stream.sink.violations.isEmpty)
        driver.write(.put("kept"))
        #expect(changes.revisions == [2])
    }

    @Test func aWatcherThatIsCatchingUpIsCancelledToo() throws {
        let driver = WatchDriver()
        for _ in 0..<5 { driver.commit(.put("lost")) }
        let stream = driver.makeStream()
        stream.stall()
        let lost = try stream.watch(.key("lost"), from: 1)
        driver.wake()
        _ = Self.cancelling(lost, on: stream, in: driver)
        driver.commit(.auth(.addRole(name: "r")))
        driver.commit(.put("lost"))
        driver.wake()
        stream.resume()
        #expect(lost.lines.isEmpty)
    }

    @Test func creatingAWatchTellsOfAChangeThatTheLoopHasNotSeen() throws {
        let driver = WatchDriver()
        let stream = driver.makeStream()
        let lost = try stream.watch(.key("lost"))
        let changes = Self.cancelling(lost, on: stream, in: driver)
        driver.commit(.auth(.addRole(name: "r")), .put("lost"))
        let before = driver.registry.authGeneration
        let late = try driver.makeStream().watch(.key("late"))
        #expect(driver.registry.authGeneration == before + 1)
        #expect(changes.revisions == [2])
        driver.write(.put("late"), .put("lost"))
        #expect(lost.lines.isEmpty)
        #expect(late.lines == ["put late@3"])
    }

    @Test func aChangeWithoutEventsIsToldAtTheNextTurn() {
        let driver = WatchDriver()
        let changes = Changes()
        driver.registry.authDidChange = { changes.revisions.append($0.auth.revision) }
        driver.write(.put("a"))
        #expect(changes.revisions.isEmpty)
        driver.write(.auth(.addRole(name: "r")))
        driver.write(.auth(.addRole(name: "r")))
        driver.commit(.auth(.addRole(name: "s")))
        driver.commit(.auth(.deleteRole(name: "s")))
        driver.wake()
        #expect(changes.revisions == [2, 4], "refused changes are none, and one look sees all that happened")
    }

    /// Has a change of users cancel a watcher.
    private static func cancelling(
        _ log: WatcherLog,
        on stream: TestStream,
        in driver: WatchDriver
    ) -> Changes {
        let changes = Changes()
        driver.registry.authDidChange = { [unowned stream] snapshot in
            changes.revisions.append(snapshot.auth.revision)
            #expect(stream.stream.cancel { $0 == log.request.range } == [log.id])
            _ = stream.sink.forget(log.id)
        }
        return changes
    }
}

/// The auth revisions that a registry told of.
private final class Changes {
    var revisions: [UInt64] = []
}
