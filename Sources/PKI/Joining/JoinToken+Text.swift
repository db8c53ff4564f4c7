extension JoinToken {
    private static let mark = "isthmus-join-token"
    private static let version = "1"
    private static let checkCharacters = 11

    /// Returns the token as one word: base64 for URLs over lines of words.
    ///
    /// The lines, in this order and no other: mark and version; `id`; `issuer`; `peer`; one or more `server`;
    /// `pin`, its kind and digest; `expires`, seconds since 1970; `secret`; `check`, a digest of all above
    /// against slips of the hand.
    ///
    /// - Throws: ``PKIError/cryptography(attempted:reason:)``.
    package func text() throws(PKIError) -> SecretBytes {
        var lines = SecretText()
        lines.append(
            "\(Self.mark) \(Self.version)\nid \(self.id)\nissuer \(self.issuer)\npeer \(self.peer)\n"
        )
        for server in self.servers { lines.append("server \(server)\n") }
        lines.append("pin \(self.pin.word)\nexpires \(self.expires)\nsecret ")
        self.secret.withBytes { lines.appendBase64($0, as: .url) }
        lines.append("\n")
        let body = lines.finish()
        let check = try Self.check(body)
        var whole = SecretText()
        body.withBytes { whole.append($0) }
        whole.append("check \(check)\n")
        var text = SecretText()
        whole.finish().withBytes { text.appendBase64($0, as: .url) }
        return text.finish()
    }

    /// Reads a token; white space around it is ignored.
    ///
    /// That it has not ended is found out by ``checkTime(now:tolerance:)``.
    ///
    /// - Throws: ``PKIError/join(_:)`` that quotes nothing secret, ``PKIError/invalidName(_:reason:)``.
    package init(text: SecretBytes) throws(PKIError) {
        guard text.count <= Self.longestText else {
            throw .join(.tooLarge(limitBytes: Self.longestText))
        }
        let decoded = text.withBytes { bytes -> SecretBytes? in
            Base64.decode(bytes.extracting(bytes.withoutWhiteSpace), as: .url)
        }
        guard let decoded, let lines = Self.lines(decoded) else {
            throw .join(.malformed(reason: "it is not text in base64 for URLs"))
        }
        guard let head = lines.first, head.hasPrefix(Self.mark + " ") else {
            throw .join(.malformed(reason: "it does not begin as one"))
        }
        let version = head.dropFirst(Self.mark.count + 1)
        guard version == Self.version else {
            throw .join(.unsupportedVersion(String(version.prefix(16))))
        }
        self = try Self.parsed(lines)
        // One token has one text: what is written again is what was read, to the last bit.
        let again = try self.text()
        let isSame = text.withBytes { bytes in
            again.withBytes { $0.isEqual(to: bytes.extracting(bytes.withoutWhiteSpace)) }
        }
        guard isSame else { throw .join(.damaged) }
    }

    private static func parsed(_ lines: [Substring]) throws(PKIError) -> JoinToken {
        var rest = lines.dropFirst()
        func take(_ name: String) throws(PKIError) -> Substring {
            guard let line = rest.first, line.hasPrefix("\(name) ") else {
                throw .join(.malformed(reason: "\(name) is missing"))
            }
            rest = rest.dropFirst()
            return line.dropFirst(name.count + 1)
        }
        let id = String(try take("id"))
        let issuer = String(try take("issuer"))
        let peer = String(try take("peer"))
        var servers = [String(try take("server"))]
        while let line = rest.first, line.hasPrefix("server "), servers.count <= self.mostServers {
            servers.append(String(try take("server")))
        }
        guard let pin = JoinPin(word: try take("pin")) else {
            throw .join(.malformed(reason: "the pin is not one"))
        }
        guard let expires = Int64(try take("expires")) else {
            throw .join(.malformed(reason: "the end is not a number"))
        }
        let word = Array(try take("secret").utf8)
        guard let secret = unsafe Base64.decode(word.span.bytes, as: .url) else {
            throw .join(.malformed(reason: "the secret is not base64 for URLs"))
        }
        guard rest.count == 1, try take("check").count == self.checkCharacters else { throw .join(.damaged) }
        return try JoinToken(
            id: id,
            issuer: issuer,
            peer: peer,
            servers: servers,
            pin: pin,
            expires: expires,
            secret: secret
        )
    }

    /// The lines of a text that ends with a newline, or `nil` when it is none.
    private static func lines(_ bytes: SecretBytes) -> [Substring]? {
        // These strings hold the secret until they go: the price of reading text.
        let copy = bytes.copy()
        guard copy.allSatisfy({ $0 == 0x0a || (0x20...0x7e).contains($0) }), !copy.isEmpty else { return nil }
        var lines = String(decoding: copy, as: UTF8.self).split(
            separator: "\n",
            omittingEmptySubsequences: false
        )
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    private static func check(_ body: SecretBytes) throws(PKIError) -> String {
        let digest = try Digest.authenticationCode(of: Array("isthmus join token".utf8), key: body)
        return Base64.text(Array(digest.prefix(8)), as: .url)
    }
}
