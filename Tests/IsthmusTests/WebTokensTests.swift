import AccessControl
import DataPlane
import NIOCore
import PKI
import Synchronization
import Testing

@testable import isthmus

@Suite struct WebTokensTests {
    /// A clock that the test turns.
    private final class Clock: Sendable {
        let seconds = Mutex(1_000.5)
    }

    private let clock = Clock()
    private let now = NIODeadline.uptimeNanoseconds(0)
    private let grant = AuthGrant(userName: "alice", revision: 7)

    private func tokens(secret: String = "secret", method: TokenAlgorithm = .hs256) throws -> WebTokens {
        let clock = self.clock
        let key = try TokenKey(algorithm: method, privateKey: Array(secret.utf8), publicKey: nil)
        return WebTokens(key: key, timeToLive: .seconds(60)) { clock.seconds.withLock { $0 } }
    }

    @Test func aTokenSaysWhoAndAtWhichRevisionUntilItsEnd() throws {
        let tokens = try self.tokens()
        let token = try tokens.issue(self.grant, now: self.now)
        let parts = token.split(separator: ".")
        #expect(
            Base64URL.bytes(parts[0]).map { String(decoding: $0, as: UTF8.self) }
                == #"{"alg":"HS256","typ":"JWT"}"#
        )
        #expect(
            Base64URL.bytes(parts[1]).map { String(decoding: $0, as: UTF8.self) }
                == #"{"exp":1060,"revision":7,"username":"alice"}"#
        )
        #expect(tokens.grant(of: token, now: self.now) == self.grant)
        #expect(try self.tokens().grant(of: token, now: self.now) == self.grant, "nothing is kept")
        self.clock.seconds.withLock { $0 = 1_060 }
        #expect(tokens.grant(of: token, now: self.now) == nil, "remembered or not")
        #expect(try self.tokens().grant(of: token, now: self.now) == nil)
    }

    @Test func otherKeysMethodsAndTextsAreNothing() throws {
        let tokens = try self.tokens()
        let token = try tokens.issue(self.grant, now: self.now)
        #expect(try self.tokens(secret: "other").grant(of: token, now: self.now) == nil)
        #expect(try self.tokens(method: .hs512).grant(of: token, now: self.now) == nil)
        for wrong in [
            "", ".", "..", "a.b.c", token + ".", token + "=", "." + token, String(token.dropLast()),
        ] {
            #expect(tokens.grant(of: wrong, now: self.now) == nil, "\(wrong)")
        }
        // A token that says that it is not signed.
        let parts = token.split(separator: ".")
        let none = Base64URL.text(Array(#"{"alg":"none"}"#.utf8))
        #expect(tokens.grant(of: "\(none).\(parts[1]).", now: self.now) == nil)
    }
}
