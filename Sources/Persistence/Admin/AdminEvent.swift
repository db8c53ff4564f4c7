/// Something that happened, as it is kept and streamed.
package struct AdminEvent: Sendable, Hashable {
    /// The row: grows by one with each event and is never used twice.
    package let id: Int64
    /// When it happened, in nanoseconds since 1970.
    package let time: Int64
    /// What happened, such as `peer.created`.
    package let type: String
    /// The resource of the object that it happened to, or nothing.
    package let kind: String
    /// The name of that object, or nothing.
    package let name: String
    /// What else there is to say, as JSON.
    package let body: [UInt8]
}

/// One line of the audit: who did what, chained to the line before it.
package struct AuditRecord: Sendable, Hashable {
    /// What the caller says of a line.
    package struct Draft: Sendable, Hashable {
        /// Who, such as the name of a token or the subject of a certificate.
        package var actor = ""
        /// How the actor proved it: `token`, `certificate`, `socket` or `system`.
        package var method = ""
        /// From where.
        package var address = ""
        /// The request.
        package var requestID = ""
        /// What was done, such as `create`.
        package var verb = ""
        /// The resource.
        package var kind = ""
        /// The object's name.
        package var name = ""
        /// How it ended: the status of the answer.
        package var result = 0
        /// What changed, as JSON without secrets.
        package var difference: [UInt8] = Array("{}".utf8)

        /// Creates an empty line.
        package init() {}
    }

    /// The line's number, from 1 without gaps.
    package let id: Int64
    /// When, in nanoseconds since 1970.
    package let time: Int64
    /// What the caller said.
    package let draft: Draft
    /// The hash over the line and the hash of the line before.
    package let hash: [UInt8]

    /// The bytes that are hashed: every field behind its length, so that no two lines have the same bytes.
    static func hashedBytes(id: Int64, time: Int64, draft: Draft, previous: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        func add(_ part: some Collection<UInt8>) {
            bytes += Array("\(part.count):".utf8)
            bytes += part
        }
        add(previous)
        for text in [
            String(id), String(time), draft.actor, draft.method, draft.address, draft.requestID, draft.verb,
            draft.kind, draft.name, String(draft.result),
        ] {
            add(text.utf8)
        }
        add(draft.difference)
        return bytes
    }
}

/// The answer of a request that carried an idempotency key, kept so that a repetition gets it again.
package struct StoredAnswer: Sendable, Hashable {
    /// The hash of the request.
    package let requestHash: [UInt8]
    /// The status.
    package let status: Int
    /// The header fields and body, as the caller encoded them.
    package let bytes: [UInt8]

    /// Creates an answer.
    package init(requestHash: [UInt8], status: Int, bytes: [UInt8]) {
        self.requestHash = requestHash
        self.status = status
        self.bytes = bytes
    }
}
