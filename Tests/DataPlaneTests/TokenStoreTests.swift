import AccessControl
import CoreMetrics
import NIOCore
import Synchronization
import Testing

@testable import DataPlane

@Suite struct TokenStoreTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000)
    private let grant = AuthGrant(userName: "alice", revision: 7)

    /// A store whose random bytes count up.
    private func makeStore(limit: Int = 100, seconds: Int = 300) -> TokenStore {
        var limits = AuthLimits()
        limits.tokenLimit = limit
        limits.tokenTimeToLive = .seconds(seconds)
        let next = Atomic<Int>(0)
        let bytes: @Sendable (Int) -> [UInt8] = { count in
            (0..<count).map { _ in UInt8(next.add(1, ordering: .relaxed).oldValue % 256) }
        }
        return TokenStore(
            limits: limits,
            metrics: AuthMetrics(factory: NOOPMetricsHandler.instance),
            randomBytes: bytes
        )
    }

    @Test func aTokenIsSixteenLettersAndANumber() {
        let store = self.makeStore()
        for number in 1...40 {
            let token = store.issue(self.grant, now: self.start)
            let parts = token.split(separator: ".", omittingEmptySubsequences: false)
            #expect(parts.count == 2 && parts[1] == "\(number)")
            #expect(parts[0].utf8.count == 16)
            #expect(parts[0].unicodeScalars.allSatisfy { $0.isASCII && $0.properties.isAlphabetic })
        }
        #expect(store.count == 40)
    }

    @Test func aTokenStandsForItsGrantAndNothingElseDoes() {
        let store = self.makeStore()
        let token = store.issue(self.grant, now: self.start)
        let other = store.issue(AuthGrant(userName: "bob", revision: 9), now: self.start)
        #expect(store.grant(of: token, now: self.start) == self.grant)
        #expect(store.grant(of: other, now: self.start)?.userName == "bob")
        for wrong in ["", ".1", String(token.dropLast()), token + "0", token.lowercased() + ".1"] {
            #expect(store.grant(of: wrong, now: self.start) == nil)
        }
        store.remove(token)
        #expect(store.grant(of: token, now: self.start) == nil)
        #expect(store.grant(of: other, now: self.start) != nil)
    }

    @Test func aTokenDiesWhenItIsNotUsedForItsTimeAndUseProlongsIt() {
        let store = self.makeStore(seconds: 10)
        let used = store.issue(self.grant, now: self.start)
        let unused = store.issue(self.grant, now: self.start)
        var now = self.start
        for _ in 0..<5 {
            now = now + .seconds(9)
            #expect(store.grant(of: used, now: now) == self.grant)
        }
        #expect(store.grant(of: unused, now: now) == nil)
        #expect(store.grant(of: used, now: now + .seconds(10)) == nil)
        #expect(store.count == 0)
    }

    @Test func whenThereIsNoRoomTheDeadGoFirstThenTheOneThatWasUnusedTheLongest() {
        let store = self.makeStore(limit: 3, seconds: 10)
        let dead = store.issue(self.grant, now: self.start)
        let later = self.start + .seconds(5)
        let first = store.issue(self.grant, now: later)
        let second = store.issue(self.grant, now: later)
        let now = self.start + .seconds(12)
        #expect(store.grant(of: first, now: now) != nil)
        let third = store.issue(self.grant, now: now)
        #expect(store.count == 3)
        #expect(store.grant(of: dead, now: now) == nil)
        let fourth = store.issue(self.grant, now: now)
        #expect(store.count == 3)
        #expect(store.grant(of: second, now: now) == nil, "it was not used since")
        for kept in [first, third, fourth] { #expect(store.grant(of: kept, now: now) != nil) }
    }
}
