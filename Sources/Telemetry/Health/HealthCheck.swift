/// What a check found.
package enum HealthVerdict: Sendable, Hashable {
    /// All is well.
    case healthy
    /// Something is not; the reason is shown to whoever asks, so it must hold no secret.
    case unhealthy(reason: String)
}

/// A named question about the process.
package struct HealthCheck: Sendable {
    /// Which of the listener's answers a check is part of.
    package enum Scope: Sendable, Hashable {
        /// The process can do its work at all. Failing means: restart it.
        case liveness
        /// The process should be given work. Failing means: wait.
        case readiness
    }

    /// The name by which the check is listed and excluded: lower-case letters, digits, `-` and
    /// `_`.
    package let name: String
    /// Which answers the check is part of.
    package let scope: Scope
    /// Asks the question; called on the listener's event loop, so it must answer from memory.
    package let verdict: @Sendable () -> HealthVerdict

    /// Creates a check.
    package init(_ name: String, scope: Scope, verdict: @escaping @Sendable () -> HealthVerdict) {
        let isPlain = name.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: "_")
        }
        precondition(isPlain && !name.isEmpty, "the name of a health check is part of a URL")
        self.name = name
        self.scope = scope
        self.verdict = verdict
    }
}
