import COpenSSL

/// The error queue of OpenSSL, which belongs to the calling thread.
///
/// The wrappers clear it before a call whose failure they report and drain it right after one: nothing
/// suspends in between, so that the text belongs to the call.
enum OpenSSLErrors {
    /// The most entries that one report quotes.
    private static let quotedEntries = 4

    /// Forgets what earlier calls left behind.
    static func clear() {
        ERR_clear_error()
    }

    /// Empties the queue and returns the error of the call that has just failed.
    static func failure(_ attempted: String) -> PKIError {
        .cryptography(attempted: attempted, reason: self.drain())
    }

    /// Empties the queue and returns the error of the parse that has just failed.
    static func malformed(_ what: String) -> PKIError {
        .malformed(what: what, reason: self.drain())
    }

    /// Empties the queue and returns its texts, oldest first.
    static func drain() -> String {
        var reasons: [String] = []
        while case let code = ERR_get_error(), code != 0 {
            let reason = self.text(of: code)
            if reasons.count < self.quotedEntries, !reasons.contains(reason) { reasons.append(reason) }
        }
        return reasons.isEmpty ? "no reason given" : reasons.joined(separator: "; ")
    }

    /// The newest entry's library and reason numbers, without removing it.
    static func peekLast() -> (library: Int32, reason: Int32) {
        let code = ERR_peek_last_error()
        return (ERR_GET_LIB(code), ERR_GET_REASON(code))
    }

    private static func text(of code: UInt) -> String {
        guard let reason = unsafe ERR_reason_error_string(code) else {
            return "error \(String(code, radix: 16))"
        }
        return unsafe String(cString: reason)
    }
}
