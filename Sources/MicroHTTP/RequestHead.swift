import CMicroHTTPD

/// The checked head of a request.
struct RequestHead {
    var method: String
    var target: RequestTarget
    var fields: HeaderFields
    /// Whether bytes follow the head.
    var hasBody: Bool
    /// The number of those bytes; `nil` when it is not known beforehand.
    var contentLength: Int?

    /// Reads and checks the head that the library has parsed.
    ///
    /// The daemon's thread only, within the access callback.
    ///
    /// - Throws: Why it must be refused.
    static func read(
        _ handle: OpaquePointer,
        method: UnsafePointer<CChar>,
        version: UnsafePointer<CChar>,
        target: [UInt8],
        limits: ServerLimits
    ) throws(Refusal) -> RequestHead {
        guard target.count <= limits.targetBytes else { throw .targetTooLong }
        guard unsafe cmhd_head_size(handle) <= limits.headBytes else { throw .headTooLarge }
        let count = unsafe MHD_get_connection_values_n(handle, .HEADER_KIND, nil, nil)
        guard count <= limits.fields else { throw .tooManyFields }
        var fields = HeaderFields()
        unsafe withUnsafeMutablePointer(to: &fields) { pointer in
            _ = unsafe MHD_get_connection_values_n(handle, .HEADER_KIND, collectField, pointer)
        }
        let method = unsafe String(cString: method)
        guard method.utf8.allSatisfy(HeaderFields.isTokenByte) else { throw .malformedHead }
        let contentLength = try self.contentLength(fields)
        let hosts = fields.values(of: "Host").count
        let isOld = unsafe String(cString: version) == "HTTP/1.0"
        guard hosts == 1 || (isOld && hosts == 0) else { throw .malformedHead }
        let target = try RequestTarget(target, maximumPairs: limits.fields)
        return RequestHead(
            method: method,
            target: target,
            fields: fields,
            hasBody: contentLength != 0,
            contentLength: contentLength
        )
    }

    /// Returns the length of the body that follows; `nil` when only its end will tell.
    ///
    /// Two readers that find different ends of a body are how requests are smuggled: what is ambiguous is
    /// refused (RFC 9112, section 6.3).
    private static func contentLength(_ fields: HeaderFields) throws(Refusal) -> Int? {
        let encodings = fields.values(of: "Transfer-Encoding")
        let lengths = fields.values(of: "Content-Length")
        if !encodings.isEmpty {
            guard lengths.isEmpty, encodings.count == 1, HeaderFields.isSame(encodings[0], "chunked") else {
                throw .malformedHead
            }
            return nil
        }
        guard let text = lengths.first else { return 0 }
        let isNumber = !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        guard lengths.count == 1, isNumber else { throw .malformedHead }
        // What no number can hold is too large for anything.
        guard let length = Int(text) else { throw .bodyTooLarge }
        return length
    }
}
