/// The form of certificates in PEM (RFC 7468): that there are some, and nothing secret beside them.
///
/// What is inside is read by whoever uses them.
enum CertificateText {
    /// The longest text, in bytes: some hundred certificates.
    static let byteLimit = 262_144

    /// Checks the text and returns it.
    static func check(_ text: String) throws(ResourceError) -> String {
        var count = 0
        var body: String?
        for line in text.split(whereSeparator: \.isNewline) {
            let line = self.trimmed(line)
            if line == "-----BEGIN CERTIFICATE-----" {
                guard body == nil else { throw .notCertificates(reason: "a certificate has no end") }
                body = ""
            } else if line == "-----END CERTIFICATE-----" {
                guard let base64 = body, self.isBase64(base64) else {
                    throw .notCertificates(
                        reason: "certificate \(count + 1) is not base64 between its two lines"
                    )
                }
                body = nil
                count += 1
            } else if line.hasPrefix("-----BEGIN ") {
                guard !line.contains("PRIVATE KEY") else {
                    throw .notCertificates(reason: "a private key does not belong here")
                }
                throw .notCertificates(reason: "only certificates belong here, not \(line)")
            } else {
                // Text between certificates is a comment (RFC 7468, section 2).
                body? += line
            }
        }
        guard body == nil else { throw .notCertificates(reason: "the last certificate has no end") }
        guard count > 0 else {
            throw .notCertificates(reason: "there is no certificate in PEM (-----BEGIN CERTIFICATE-----)")
        }
        return text
    }

    private static func trimmed(_ line: Substring) -> Substring {
        var line = line
        while line.last?.isWhitespace == true { line.removeLast() }
        while line.first?.isWhitespace == true { line.removeFirst() }
        return line
    }

    private static func isBase64(_ text: String) -> Bool {
        let padding = text.reversed().prefix { $0 == "=" }.count
        guard !text.isEmpty, text.utf8.count % 4 == 0, padding <= 2 else { return false }
        return text.utf8.dropLast(padding).allSatisfy {
            DNSText.isAlphanumeric($0) || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/")
        }
    }
}
