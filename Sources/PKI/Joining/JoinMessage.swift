/// One message of a join, authenticated with the token's key.
///
/// Nothing in it is secret (certificate requests, certificates, addresses), and it travels in TLS besides.
/// The code makes sure that both ends know the token's secret and that nobody in between has changed
/// anything.
package struct JoinMessage: Hashable, Sendable {
    /// Who sends it.
    package enum Direction: UInt8, Hashable, Sendable {
        /// From the joining side.
        case request = 1
        /// From the side that made the token.
        case response = 2
    }

    /// The longest body in bytes.
    package static let largestBody = 1 << 20
    private static let nonceBytes = 16

    /// The token that it is under.
    package let tokenID: String
    /// Who sends it.
    package let direction: Direction
    /// The sender's time, in seconds since 1970.
    package let time: Int64
    /// 16 random bytes in a request; in a response the request's code, which binds the two.
    package let nonce: [UInt8]
    /// What the message says.
    package let body: [UInt8]
    /// The authentication code over all of it: 32 bytes.
    package let code: [UInt8]

    /// Creates a message as it was received, to be verified.
    package init(
        tokenID: String,
        direction: Direction,
        time: Int64,
        nonce: [UInt8],
        body: [UInt8],
        code: [UInt8]
    ) {
        self.tokenID = tokenID
        self.direction = direction
        self.time = time
        self.nonce = nonce
        self.body = body
        self.code = code
    }

    /// Makes the request of the joining side.
    ///
    /// - Parameters:
    ///   - token: The token.
    ///   - body: What it says.
    ///   - now: The time in seconds since 1970.
    ///   - generator: The source of the nonce.
    /// - Returns: The message.
    /// - Throws: ``PKIError/join(_:)`` for a body that is too long.
    package static func request(
        under token: JoinToken,
        body: [UInt8],
        now: Int64,
        using generator: inout some RandomNumberGenerator
    ) throws(PKIError) -> JoinMessage {
        let nonce = (0..<self.nonceBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let key = try token.authenticationKey()
        return try self.signed(token.id, .request, now, nonce, body, key)
    }

    /// Makes the answer to a request that was verified.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - body: What the answer says.
    ///   - key: The token's authentication key.
    ///   - now: The time in seconds since 1970.
    /// - Returns: The message.
    /// - Throws: ``PKIError/join(_:)`` for a body that is too long.
    package static func response(
        to request: JoinMessage,
        body: [UInt8],
        key: SecretBytes,
        now: Int64
    ) throws(PKIError) -> JoinMessage {
        try self.signed(request.tokenID, .response, now, request.code, body, key)
    }

    /// Checks, on the joining side, the answer to the request that it sent.
    ///
    /// - Parameters:
    ///   - request: What was sent.
    ///   - token: The token.
    ///   - now: The time in seconds since 1970.
    ///   - tolerance: By how many seconds clocks may differ.
    /// - Throws: ``PKIError/join(_:)``.
    package func verify(
        asAnswerTo request: JoinMessage,
        under token: JoinToken,
        now: Int64,
        tolerance: Int64
    ) throws(PKIError) {
        try self.verify(.response, tokenID: token.id, key: try token.authenticationKey())
        guard Digest.areEqual(self.nonce, request.code) else { throw .join(.outOfPlace) }
        try self.checkTime(now: now, tolerance: tolerance)
    }

    /// Checks direction, token and code; not the time.
    func verify(_ expected: Direction, tokenID: String, key: SecretBytes) throws(PKIError) {
        guard self.body.count <= Self.largestBody else {
            throw .join(.tooLarge(limitBytes: Self.largestBody))
        }
        guard self.tokenID == tokenID else {
            throw .join(.otherToken(expected: tokenID, found: self.tokenID))
        }
        let signed = try Self.signed(tokenID, self.direction, self.time, self.nonce, self.body, key)
        guard Digest.areEqual(signed.code, self.code) else { throw .join(.wrongAuthentication) }
        let nonceBytes = self.direction == .request ? Self.nonceBytes : self.code.count
        guard self.direction == expected, self.nonce.count == nonceBytes else { throw .join(.outOfPlace) }
    }

    func checkTime(now: Int64, tolerance: Int64) throws(PKIError) {
        let (difference, overflow) = self.time.subtractingReportingOverflow(now)
        guard !overflow, difference.magnitude <= UInt64(max(tolerance, 0)) else {
            throw .join(.clockSkew(seconds: overflow ? .max : difference, tolerance: tolerance))
        }
    }

    private static func signed(
        _ tokenID: String,
        _ direction: Direction,
        _ time: Int64,
        _ nonce: [UInt8],
        _ body: [UInt8],
        _ key: SecretBytes
    ) throws(PKIError) -> JoinMessage {
        guard body.count <= self.largestBody else { throw .join(.tooLarge(limitBytes: self.largestBody)) }
        // Each part with its length in front, so that no two messages have one encoding.
        var input: [UInt8] = [direction.rawValue]
        for part in [Array(tokenID.utf8), Self.bytes(UInt64(bitPattern: time)), nonce, body] {
            input += Self.bytes(UInt64(part.count)) + part
        }
        return JoinMessage(
            tokenID: tokenID,
            direction: direction,
            time: time,
            nonce: nonce,
            body: body,
            code: try Digest.authenticationCode(of: input, key: key)
        )
    }

    private static func bytes(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) }
    }
}
