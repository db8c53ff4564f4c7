import NIOCore

/// Tells HTTP/2 with prior knowledge from HTTP/1.1 by the first bytes of a connection.
///
/// Source: RFC 9113 §3.4. The preface begins with a method that HTTP/1.1 does not have.
struct ProtocolSniffer {
    /// What the bytes seen so far say.
    enum Verdict: Equatable {
        case http2
        case http1
        case undecided
    }

    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// Returns what the first bytes of a connection, all of them, show.
    static func verdict(_ bytes: ByteBufferView) -> Verdict {
        for (seen, expected) in zip(bytes, Self.preface) where seen != expected { return .http1 }
        return bytes.count >= Self.preface.count ? .http2 : .undecided
    }
}
