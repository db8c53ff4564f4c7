import PKI
import TestSupport
import Testing

@Suite struct JoinMessageTests {
    private let token: JoinToken
    private let key: SecretBytes
    private let record: JoinRecord
    private let request: JoinMessage

    init() throws {
        self.token = try JoinToken(
            id: "to-west-1",
            issuer: "east",
            peer: "west",
            servers: ["https://mesh.east.example"],
            pin: .publicKey([UInt8](repeating: 7, count: 32)),
            expires: noon + 3600,
            secret: JoinToken.makeSecret()
        )
        self.key = try self.token.authenticationKey()
        self.record = JoinRecord(self.token)
        self.request = try Self.request(self.token)
    }

    private static func request(_ token: JoinToken, now: Int64 = noon, seed: UInt64 = 1) throws -> JoinMessage
    {
        var generator = SeededGenerator(seed: seed)
        return try .request(under: token, body: Array("please".utf8), now: now, using: &generator)
    }

    private func redeem(
        _ message: JoinMessage,
        _ record: JoinRecord? = nil,
        peer: String = "west",
        now: Int64 = noon,
        key: SecretBytes? = nil
    ) throws -> JoinRecord {
        try (record ?? self.record).redeemed(
            by: message,
            peer: peer,
            key: key ?? self.key,
            now: now,
            tolerance: 60
        )
    }

    private func changed(
        _ message: JoinMessage,
        tokenID: String? = nil,
        direction: JoinMessage.Direction? = nil,
        time: Int64? = nil,
        nonce: [UInt8]? = nil,
        body: [UInt8]? = nil,
        code: [UInt8]? = nil
    ) -> JoinMessage {
        JoinMessage(
            tokenID: tokenID ?? message.tokenID,
            direction: direction ?? message.direction,
            time: time ?? message.time,
            nonce: nonce ?? message.nonce,
            body: body ?? message.body,
            code: code ?? message.code
        )
    }

    @Test func tokenIsUsedOnce() throws {
        let used = try self.redeem(self.request)
        #expect(used.use?.time == noon)
        let stored = JoinRecord(id: used.id, peer: used.peer, expires: used.expires, use: used.use)
        #expect(throws: PKIError.join(.replayed)) { try self.redeem(self.request, stored) }
        let another = try Self.request(self.token, seed: 2)
        #expect(throws: PKIError.join(.alreadyUsed(at: noon))) { try self.redeem(another, stored) }
    }

    @Test func nothingCanBeChangedOnTheWay() throws {
        let flipped = self.request.code.enumerated().map { $0.offset == 31 ? $0.element ^ 1 : $0.element }
        let cases: [(JoinMessage, JoinProblem)] = [
            (self.changed(self.request, time: noon + 1), .wrongAuthentication),
            (self.changed(self.request, nonce: [UInt8](repeating: 0, count: 16)), .wrongAuthentication),
            (self.changed(self.request, body: Array("Please".utf8)), .wrongAuthentication),
            (self.changed(self.request, body: []), .wrongAuthentication),
            // A byte that moves from one part to the next.
            (
                self.changed(
                    self.request,
                    nonce: self.request.nonce.dropLast(),
                    body: self.request.nonce.suffix(1) + self.request.body
                ), .wrongAuthentication
            ),
            (self.changed(self.request, direction: .response), .wrongAuthentication),
            (self.changed(self.request, code: flipped), .wrongAuthentication),
            (self.changed(self.request, code: Array(flipped.dropLast())), .wrongAuthentication),
            (self.changed(self.request, code: []), .wrongAuthentication),
            (
                self.changed(self.request, tokenID: "to-west-2"),
                .otherToken(expected: "to-west-1", found: "to-west-2")
            ),
        ]
        for (index, (message, problem)) in cases.enumerated() {
            #expect(throws: PKIError.join(problem), "case \(index)") { try self.redeem(message) }
        }
        let other = SecretBytes([UInt8](repeating: 1, count: 32))
        #expect(throws: PKIError.join(.wrongAuthentication)) { try self.redeem(self.request, key: other) }
    }

    @Test func strangersLearnNothingAboutTheToken() throws {
        let used = try self.redeem(self.request)
        let forged = self.changed(self.request, body: [1])
        // Neither that it was used nor that it has ended.
        #expect(throws: PKIError.join(.wrongAuthentication)) {
            try self.redeem(forged, used, now: noon + 4000)
        }
    }

    @Test func timeIsHeldAgainstOurClockWithinLimits() throws {
        for skew: Int64 in [-60, -1, 0, 1, 60] {
            _ = try self.redeem(Self.request(self.token, now: noon + skew))
        }
        for skew: Int64 in [-61, 61, -3600] {
            #expect(throws: PKIError.join(.clockSkew(seconds: skew, tolerance: 60))) {
                try self.redeem(Self.request(self.token, now: noon + skew))
            }
        }
        for time in [Int64.min, .max] {
            #expect(throws: PKIError.self) { try self.redeem(Self.request(self.token, now: time)) }
        }
        let end = self.record.expires
        _ = try self.redeem(Self.request(self.token, now: end - 1), now: end - 1)
        #expect(throws: PKIError.join(.expired(at: end, now: end))) {
            try self.redeem(Self.request(self.token, now: end), now: end)
        }
    }

    @Test func tokenIsBoundToItsPeer() throws {
        #expect(throws: PKIError.join(.wrongPeer(expected: "west", found: "north"))) {
            try self.redeem(self.request, peer: "north")
        }
    }

    @Test func answerBelongsToItsRequest() throws {
        func verify(_ message: JoinMessage, _ request: JoinMessage, now: Int64 = noon) throws {
            try message.verify(asAnswerTo: request, under: self.token, now: now, tolerance: 60)
        }
        let body = Array("welcome".utf8)
        let answer = try JoinMessage.response(to: self.request, body: body, key: self.key, now: noon)
        try verify(answer, self.request)
        let other = try Self.request(self.token, seed: 2)
        #expect(throws: PKIError.join(.outOfPlace)) { try verify(answer, other) }
        // The request sent back, and the answer sent as a request.
        #expect(throws: PKIError.join(.outOfPlace)) { try verify(self.request, self.request) }
        #expect(throws: PKIError.join(.outOfPlace)) { try self.redeem(answer) }
        #expect(throws: PKIError.join(.wrongAuthentication)) {
            try verify(self.changed(answer, body: [1]), self.request)
        }
        #expect(throws: PKIError.join(.clockSkew(seconds: -61, tolerance: 60))) {
            try verify(answer, self.request, now: noon + 61)
        }
    }

    @Test func hugeMessagesAreRefused() throws {
        let limit = JoinMessage.largestBody
        let body = [UInt8](repeating: 0, count: limit + 1)
        #expect(throws: PKIError.join(.tooLarge(limitBytes: limit))) {
            try self.redeem(self.changed(self.request, body: body))
        }
        #expect(throws: PKIError.join(.tooLarge(limitBytes: limit))) {
            try JoinMessage.response(to: self.request, body: body, key: self.key, now: noon)
        }
    }
}

@Suite struct JoinPinTests {
    private let generation: AuthorityGeneration
    private let presented: [Certificate]
    private let host = "west.mesh.cilium.io"

    init() throws {
        self.generation = try AuthorityGeneration.make()
        let leaf = try self.generation.signer().leaf(.server, key: .generate())
        self.presented = [leaf] + self.generation.intermediates + [self.generation.root]
    }

    private func check(
        _ pin: JoinPin,
        _ presented: [Certificate]? = nil,
        host: String? = nil,
        now: Int64 = noon
    ) throws {
        try pin.check(presented ?? self.presented, host: host ?? self.host, now: now, tolerance: 60)
    }

    @Test func leafIssuerAndRootCanBePinned() throws {
        for certificate in self.presented {
            try self.check(.publicKey(certificate.keyDigest))
            try self.check(.certificate(certificate.fingerprint))
        }
        // Whoever is pinned by its own key may be dialled under any name; otherwise the name counts.
        try self.check(.publicKey(self.presented[0].keyDigest), host: "203.0.113.1")
        let error = #expect(throws: PKIError.self) {
            try self.check(.certificate(self.generation.root.fingerprint), host: "203.0.113.1")
        }
        guard case .join(.serverRejected(let rejection)) = error,
            case .nameMismatch("203.0.113.1", _) = rejection.reason
        else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func otherServersAreRefused() throws {
        let pin = JoinPin.certificate(self.generation.root.fingerprint)
        let impostor = try AuthorityGeneration.make(seed: 50)
        let leaf = try impostor.signer().leaf(.server, key: .generate())
        #expect(throws: PKIError.join(.pinMismatch)) { try self.check(pin, [leaf] + impostor.chain) }
        #expect(throws: PKIError.join(.pinMismatch)) { try self.check(pin, []) }
        #expect(throws: PKIError.join(.pinMismatch)) { try self.check(.publicKey([])) }
        // The pinned root is sent along, but did not issue the leaf.
        let mixed = [leaf, self.generation.certificate, self.generation.root]
        let unknown = CertificateRejection(.unknownIssuer)
        #expect(throws: PKIError.join(.serverRejected(unknown))) { try self.check(pin, mixed) }
        let client = try self.generation.signer().leaf(.admin, key: .generate())
        let wrong = CertificateRejection(.wrongPurpose)
        #expect(throws: PKIError.join(.serverRejected(wrong))) {
            try self.check(pin, [client] + self.presented.dropFirst())
        }
    }

    @Test func clocksMayDifferByTheTolerance() throws {
        let pin = JoinPin.publicKey(self.presented[0].keyDigest)
        let life = self.presented[0].validity
        try self.check(pin, now: life.notBefore - 60)
        try self.check(pin, now: life.notAfter + 59)
        for (now, reason) in [
            (life.notBefore - 61, CertificateRejection.Reason.notYetValid), (life.notAfter + 60, .expired),
        ] {
            #expect(throws: PKIError.join(.serverRejected(CertificateRejection(reason)))) {
                try self.check(pin, now: now)
            }
        }
    }
}
