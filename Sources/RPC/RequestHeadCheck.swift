/// Checks the fields of a request against RFC 9113 §8.2 and §8.3, one by one as they arrive.
///
/// The library's own check is off, because it also judges `:authority`, where Go clients put their whole
/// endpoint (etcd 3.4: `http://host:port`, 3.5.0: `#initially=[…]`). Any authority without control characters
/// passes here.
struct RequestHeadCheck {
    private var hasMethod = false
    private var hasScheme = false
    private var hasPath = false
    private var hasAuthority = false
    private var hasRegularField = false
    private var isMalformed = false

    /// Whether the complete head is that of a request.
    var isWellFormed: Bool {
        !self.isMalformed && self.hasMethod && self.hasScheme && self.hasPath
    }

    /// Looks at one field.
    mutating func see(name: Span<UInt8>, value: Span<UInt8>) {
        guard !name.isEmpty, Self.isText(value) else {
            self.isMalformed = true
            return
        }
        if name[0] == UInt8(ascii: ":") {
            self.seePseudoField(name, value)
        } else {
            self.hasRegularField = true
            if !Self.isLowerCaseToken(name) || Self.isForbidden(name, value) { self.isMalformed = true }
        }
    }

    /// Pseudo-fields come first, each once, and there are no others (§8.3, §8.3.1).
    private mutating func seePseudoField(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        if self.hasRegularField { self.isMalformed = true }
        switch name.count {
        case 5 where name.equals(":path"):
            self.isMalformed = self.isMalformed || self.hasPath || value.isEmpty
            self.hasPath = true
        case 7 where name.equals(":method"):
            self.isMalformed = self.isMalformed || self.hasMethod || value.isEmpty
            self.hasMethod = true
        case 7 where name.equals(":scheme"):
            self.isMalformed = self.isMalformed || self.hasScheme || value.isEmpty
            self.hasScheme = true
        case 10 where name.equals(":authority"):
            self.isMalformed = self.isMalformed || self.hasAuthority
            self.hasAuthority = true
        default:
            self.isMalformed = true
        }
    }

    /// Fields of a connection rather than of a request (§8.2.2).
    private static func isForbidden(_ name: Span<UInt8>, _ value: Span<UInt8>) -> Bool {
        switch name.count {
        case 2: name.equals("te") && !value.equals("trailers")
        case 7: name.equals("upgrade")
        case 10: name.equals("connection") || name.equals("keep-alive")
        case 16: name.equals("proxy-connection")
        case 17: name.equals("transfer-encoding")
        default: false
        }
    }

    /// Names are tokens without upper case (RFC 9110 §5.6.2, RFC 9113 §8.2.1).
    private static func isLowerCaseToken(_ name: Span<UInt8>) -> Bool {
        for index in name.indices {
            switch name[index] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "#"),
                UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"),
                UInt8(ascii: "+"), UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
                continue
            default:
                return false
            }
        }
        return true
    }

    /// Values have no NUL, no line breaks, and no white space at their ends (RFC 9113 §8.2.1).
    private static func isText(_ value: Span<UInt8>) -> Bool {
        guard !value.isEmpty else { return true }
        for index in value.indices where value[index] == 0 || value[index] == 10 || value[index] == 13 {
            return false
        }
        return !Self.isWhiteSpace(value[0]) && !Self.isWhiteSpace(value[value.count - 1])
    }

    private static func isWhiteSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }
}
