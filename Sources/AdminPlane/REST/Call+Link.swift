import MicroHTTP

extension Call {
    /// The value of the field `Link` that leads to the next page of the list that was asked for.
    func link(next token: String) -> String {
        var query = self.query
        query["continue"] = token
        let pairs = query.sorted { $0.key < $1.key }
            .map { "\($0.key)=\(PercentEncoding.encode($0.value))" }
        return "<\(self.request.target.rawPath)?\(pairs.joined(separator: "&"))>; rel=\"next\""
    }
}

/// Texts in parts of URIs.
enum PercentEncoding {
    /// Encodes what is not unreserved (RFC 3986, section 2.3).
    static func encode(_ text: String) -> String {
        text.utf8.reduce(into: "") { result, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count < 2 ? "0" : "") + digits
            }
        }
    }
}
