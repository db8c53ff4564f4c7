package import AccessControl
import CoreMetrics
package import NIOCore
import Synchronization

/// Turns logins into tokens and back (etcd `--auth-token`).
///
/// Any thread.
package protocol TokenProvider: Sendable {
    /// Returns a new token for a login; not called on event loops.
    func issue(_ grant: AuthGrant, now: NIODeadline) throws(TokenFailure) -> String

    /// Returns what a token stands for, and prolongs its life if it is kept; `nil` when it is none of ours.
    func grant(of token: String, now: NIODeadline) -> AuthGrant?

    /// Forgets a token whose grant was withdrawn, if it is kept.
    func remove(_ token: String)
}

/// Why a login gets no token.
package enum TokenFailure: Error, Hashable, Sendable {
    /// The server can verify tokens and has no key to sign them with.
    case verifiesOnly
    /// Signing failed.
    case cannotSign(reason: String)
}

/// The tokens of clients that have logged in (etcd's "simple tokens"), shared by all event loops.
///
/// They are kept in memory only: after a restart clients log in again. A token stands for a grant; whether
/// that still holds is decided by whoever knows the current users, and what is withdrawn need not be found
/// here.
final class TokenStore: TokenProvider {
    private struct Entry {
        let grant: AuthGrant
        let number: UInt64
        /// When it dies unless it is used.
        var deadline: NIODeadline
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var lastNumber: UInt64 = 0
    }

    private let limit: Int
    private let timeToLive: TimeAmount
    private let replaced: Counter
    private let randomBytes: @Sendable (Int) -> [UInt8]
    private let state = Mutex(State())

    init(limits: AuthLimits, metrics: AuthMetrics, randomBytes: @escaping @Sendable (Int) -> [UInt8]) {
        self.limit = limits.tokenLimit
        self.timeToLive = .nanoseconds(limits.tokenTimeToLive.nanoseconds)
        self.replaced = metrics.replacedTokens
        self.randomBytes = randomBytes
    }

    /// The number of tokens, dead ones included that nobody has asked for.
    var count: Int { self.state.withLock { $0.entries.count } }

    /// Returns a new token: sixteen random letters and a number, as etcd's clients know them.
    func issue(_ grant: AuthGrant, now: NIODeadline) -> String {
        let letters = self.randomLetters(16)
        let deadline = now + self.timeToLive
        let (token, hasReplaced) = self.state.withLock { state -> (String, Bool) in
            var hasReplaced = false
            if state.entries.count >= self.limit {
                state.entries = state.entries.filter { $0.value.deadline > now }
                hasReplaced = state.entries.count >= self.limit
                if hasReplaced { Self.removeOldest(&state) }
            }
            state.lastNumber += 1
            let token = "\(letters).\(state.lastNumber)"
            state.entries[token] = Entry(grant: grant, number: state.lastNumber, deadline: deadline)
            return (token, hasReplaced)
        }
        if hasReplaced { self.replaced.increment() }
        return token
    }

    /// Returns what a token stands for, and prolongs its life; `nil` when there is no such token.
    func grant(of token: String, now: NIODeadline) -> AuthGrant? {
        self.state.withLock { state in
            guard var entry = state.entries[token] else { return nil }
            guard entry.deadline > now else {
                state.entries[token] = nil
                return nil
            }
            entry.deadline = now + self.timeToLive
            state.entries[token] = entry
            return entry.grant
        }
    }

    /// Forgets a token whose grant was withdrawn.
    func remove(_ token: String) {
        self.state.withLock { $0.entries[token] = nil }
    }

    /// Looks at all of them; a login that waits for it has just hashed a password, which takes longer.
    private static func removeOldest(_ state: inout State) {
        let oldest = state.entries.min {
            ($0.value.deadline, $0.value.number) < ($1.value.deadline, $1.value.number)
        }
        if let oldest { state.entries[oldest.key] = nil }
    }

    private func randomLetters(_ count: Int) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
        var text: [UInt8] = []
        while text.count < count {
            // Bytes from the last, incomplete round would make some letters likelier.
            for byte in self.randomBytes(count) where byte < 208 && text.count < count {
                text.append(letters[Int(byte) % letters.count])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
