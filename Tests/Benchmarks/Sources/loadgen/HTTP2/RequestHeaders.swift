import CNghttp2

/// The header fields of the calls to one server, in memory that HTTP/2 sessions may keep pointers to.
final class RequestHeaders {
    enum Method: Int, CaseIterable {
        case range
        case put
        case watch

        var path: String {
            switch self {
            case .range: "/etcdserverpb.KV/Range"
            case .put: "/etcdserverpb.KV/Put"
            case .watch: "/etcdserverpb.Watch/Watch"
            }
        }
    }

    private static let fieldCount = 7
    private let fields: UnsafeMutableBufferPointer<nghttp2_nv>
    private var texts: [UnsafeMutableBufferPointer<UInt8>] = []

    init(authority: String) {
        let methods = Method.allCases
        self.fields = .allocate(capacity: methods.count * Self.fieldCount)
        for method in methods {
            let pairs = [
                (":method", "POST"), (":scheme", "https"), (":path", method.path), (":authority", authority),
                ("content-type", "application/grpc"), ("user-agent", "isthmus-loadgen"), ("te", "trailers"),
            ]
            for (index, (name, value)) in pairs.enumerated() {
                let name = self.keep(name)
                let value = self.keep(value)
                let flags = NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue
                let field = nghttp2_nv(
                    name: name.baseAddress,
                    value: value.baseAddress,
                    namelen: name.count,
                    valuelen: value.count,
                    flags: UInt8(flags)
                )
                self.fields.initializeElement(at: method.rawValue * Self.fieldCount + index, to: field)
            }
        }
    }

    deinit {
        self.fields.deallocate()
        for text in self.texts { text.deallocate() }
    }

    func fields(of method: Method) -> UnsafeMutableBufferPointer<nghttp2_nv> {
        let begin = method.rawValue * Self.fieldCount
        return UnsafeMutableBufferPointer(rebasing: self.fields[begin..<(begin + Self.fieldCount)])
    }

    private func keep(_ text: String) -> UnsafeMutableBufferPointer<UInt8> {
        let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count)
        _ = bytes.initialize(fromContentsOf: text.utf8)
        self.texts.append(bytes)
        return bytes
    }
}
