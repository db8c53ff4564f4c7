/// What the side that made a token remembers of it, besides the sealed authentication key.
///
/// A value: ``redeemed(by:peer:key:now:tolerance:)`` returns the next one, which is to be stored before the
/// request is answered, in the same transaction as what the answer promises.
package struct JoinRecord: Hashable, Sendable {
    /// The use of a token.
    package struct Use: Hashable, Sendable {
        /// When, in seconds since 1970.
        package let time: Int64
        /// The code of the request that used it.
        package let code: [UInt8]

        /// Creates a use as it was stored.
        package init(time: Int64, code: [UInt8]) {
            self.time = time
            self.code = code
        }
    }

    /// The token's name.
    package let id: String
    /// The peer that may join with it.
    package let peer: String
    /// When it ends, in seconds since 1970.
    package let expires: Int64
    /// Its only use, if it was used.
    package let use: Use?

    /// Creates a record as it was stored.
    package init(id: String, peer: String, expires: Int64, use: Use?) {
        self.id = id
        self.peer = peer
        self.expires = expires
        self.use = use
    }

    /// Creates the record of a new token.
    package init(_ token: JoinToken) {
        self.init(id: token.id, peer: token.peer, expires: token.expires, use: nil)
    }

    /// Checks a request and returns the record of the used token.
    ///
    /// The authentication comes first: whoever does not know the secret learns nothing about the token.
    ///
    /// - Parameters:
    ///   - request: The request as it was received.
    ///   - peer: The name that its body gives to the joining cluster.
    ///   - key: The token's authentication key.
    ///   - now: The time in seconds since 1970. The token's end is ours to tell: no tolerance there.
    ///   - tolerance: By how many seconds clocks may differ.
    /// - Returns: The record to store.
    /// - Throws: ``PKIError/join(_:)``.
    package func redeemed(
        by request: JoinMessage,
        peer: String,
        key: SecretBytes,
        now: Int64,
        tolerance: Int64
    ) throws(PKIError) -> JoinRecord {
        try request.verify(.request, tokenID: self.id, key: key)
        if let use {
            guard !Digest.areEqual(use.code, request.code) else { throw .join(.replayed) }
            throw .join(.alreadyUsed(at: use.time))
        }
        guard now < self.expires else { throw .join(.expired(at: self.expires, now: now)) }
        try request.checkTime(now: now, tolerance: tolerance)
        guard peer == self.peer else { throw .join(.wrongPeer(expected: self.peer, found: peer)) }
        return JoinRecord(
            id: self.id,
            peer: self.peer,
            expires: self.expires,
            use: Use(time: now, code: request.code)
        )
    }
}
