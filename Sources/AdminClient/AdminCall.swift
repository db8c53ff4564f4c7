/// One request to the admin plane, without who asks and whom.
package struct AdminCall: Sendable, Hashable {
    /// The methods that the API has.
    package enum Method: String, Sendable {
        case get = "GET"
        case put = "PUT"
        case post = "POST"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    /// What is sent.
    package enum Body: Sendable, Hashable {
        case none
        case bytes([UInt8], mediaType: String)
    }

    /// A header field.
    package struct Header: Sendable, Hashable {
        let name: String
        let value: String
    }

    /// The method.
    package let method: Method
    /// The path and query, encoded.
    package let target: String
    /// The media type that is asked for.
    package var accept = "application/json"
    /// The body.
    package var body = Body.none
    private(set) var headers: [Header] = []

    /// Creates a call.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - path: The segments of the path, not encoded; a slash in one of them does not end it.
    ///   - query: The parameters in order, not encoded.
    package init(_ method: Method, _ path: [String], query: [(name: String, value: String)] = []) {
        self.method = method
        let path = path.map { "/" + Self.encoded($0, also: ":@!$&'()*,=") }.joined()
        let query = query.map { "\(Self.encoded($0.name, also: ""))=\(Self.encoded($0.value, also: ":/,"))" }
        self.target = query.isEmpty ? path : path + "?" + query.joined(separator: "&")
    }

    /// Adds a header field whose value must be visible ASCII or spaces.
    package mutating func add(header name: String, _ value: String) {
        self.headers.append(Header(name: name, value: value))
    }

    /// Returns the text with everything percent-encoded but RFC 3986's unreserved characters and `allowed`.
    static func encoded(_ text: String, also allowed: String) -> String {
        // A segment of dots alone would be taken for a place above.
        if text == "." || text == ".." { return text.utf8.map { _ in "%2E" }.joined() }
        let digits = Array("0123456789ABCDEF")
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            case _ where allowed.utf8.contains(byte):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                result += "%"
                result.append(digits[Int(byte >> 4)])
                result.append(digits[Int(byte & 15)])
            }
        }
        return result
    }
}
