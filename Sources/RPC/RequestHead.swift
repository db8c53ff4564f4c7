import NIOCore

/// The header fields of the request that is arriving on a connection.
///
/// Header blocks never interleave on one connection, so one value per connection is reused for all of them.
/// Of a gRPC call only what is not standard is kept; of a plain request, everything.
struct RequestHead {
    /// What `grpc-timeout` said.
    enum Timeout: Equatable {
        case none
        case nanoseconds(Int64)
        case malformed
    }

    private(set) var byteCount = 0
    private(set) var method: Int?
    private(set) var isPost = false
    private(set) var isGRPC = false
    private(set) var isIdentityEncoded = true
    private(set) var timeout = Timeout.none
    private(set) var path: [UInt8] = []
    private(set) var httpMethod: [UInt8] = []
    private(set) var authority: [UInt8] = []
    private(set) var contentType: [UInt8] = []
    private(set) var userAgent: [UInt8] = []
    private(set) var fields = PackedFields()
    private var check = RequestHeadCheck()

    /// Whether the complete head is that of a request (RFC 9113 §8.3.1).
    var isWellFormed: Bool { self.check.isWellFormed }

    /// Forgets the previous request and keeps the memory.
    mutating func reset() {
        self.byteCount = 0
        self.method = nil
        self.isPost = false
        self.isGRPC = false
        self.isIdentityEncoded = true
        self.timeout = .none
        self.path.reset()
        self.httpMethod.reset()
        self.authority.reset()
        self.contentType.reset()
        self.userAgent.reset()
        self.fields.removeAll()
        self.check = RequestHeadCheck()
    }

    /// Adds one field.
    ///
    /// Above `limit` fields are counted but not kept. RFC 9113 §6.5.2 counts 32 bytes of overhead per field.
    mutating func add(name: Span<UInt8>, value: Span<UInt8>, limit: Int, methods: RPCMethodTable) {
        self.byteCount += name.count + value.count + 32
        self.check.see(name: name, value: value)
        guard self.byteCount <= limit else { return }
        switch name.count {
        case 5 where name.equals(":path"):
            self.method = methods.index(of: value)
            if self.method == nil { self.path.append(contentsOf: value) }
        case 7 where name.equals(":method"):
            self.isPost = value.equals("POST")
            if !self.isPost { self.httpMethod.append(contentsOf: value) }
        case 7 where name.equals(":scheme"), 2 where name.equals("te"):
            break
        case 20 where name.equals("grpc-accept-encoding"):
            break
        case 10 where name.equals(":authority"):
            self.authority.append(contentsOf: value)
        case 10 where name.equals("user-agent"):
            self.userAgent.append(contentsOf: value)
        case 12 where name.equals("content-type"):
            self.isGRPC = Self.isGRPC(value)
            if !self.isGRPC { self.contentType.append(contentsOf: value) }
        case 12 where name.equals("grpc-timeout"):
            self.timeout = Self.timeout(value)
        case 13 where name.equals("grpc-encoding"):
            self.isIdentityEncoded = value.equals("identity")
        default:
            self.fields.append(name: name, value: value)
        }
    }

    /// Whether a content type is `application/grpc`, alone or followed by `+format` or parameters.
    private static func isGRPC(_ value: Span<UInt8>) -> Bool {
        let type: StaticString = "application/grpc"
        guard value.count >= type.utf8CodeUnitCount else { return false }
        guard value.extracting(first: type.utf8CodeUnitCount).equals(type) else { return false }
        guard value.count > type.utf8CodeUnitCount else { return true }
        let next = value[type.utf8CodeUnitCount]
        return next == UInt8(ascii: "+") || next == UInt8(ascii: ";")
    }

    /// Parses at most eight digits and a unit; a timeout too long for nanoseconds is none.
    static func timeout(_ value: Span<UInt8>) -> Timeout {
        guard value.count >= 2, value.count <= 9 else { return .malformed }
        var number: Int64 = 0
        for index in 0..<value.count - 1 {
            let digit = value[index]
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return .malformed }
            number = number * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        let unit: Int64
        switch value[value.count - 1] {
        case UInt8(ascii: "H"): unit = 3_600_000_000_000
        case UInt8(ascii: "M"): unit = 60_000_000_000
        case UInt8(ascii: "S"): unit = 1_000_000_000
        case UInt8(ascii: "m"): unit = 1_000_000
        case UInt8(ascii: "u"): unit = 1_000
        case UInt8(ascii: "n"): unit = 1
        default: return .malformed
        }
        let (nanoseconds, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow ? .none : .nanoseconds(nanoseconds)
    }
}

/// Header fields in one run of bytes: two lengths of two bytes each, the name, the value.
struct PackedFields: Sendable {
    private var bytes: [UInt8] = []

    var isEmpty: Bool { self.bytes.isEmpty }

    mutating func removeAll() { self.bytes.reset() }

    /// Appends a field; name and value are shorter than 65,536 bytes by the header list's limit.
    mutating func append(name: Span<UInt8>, value: Span<UInt8>) {
        self.bytes.reserveCapacity(self.bytes.count + 4 + name.count + value.count)
        self.bytes.append(UInt8(truncatingIfNeeded: name.count >> 8))
        self.bytes.append(UInt8(truncatingIfNeeded: name.count))
        self.bytes.append(UInt8(truncatingIfNeeded: value.count >> 8))
        self.bytes.append(UInt8(truncatingIfNeeded: value.count))
        self.bytes.append(contentsOf: name)
        self.bytes.append(contentsOf: value)
    }

    /// Returns a copy that owns just what it needs.
    func copy() -> PackedFields {
        var copy = PackedFields()
        copy.bytes = Array(self.bytes[...])
        return copy
    }

    /// Returns the bytes of the first field with `name`, which is in lower case.
    func first(_ name: String) -> ArraySlice<UInt8>? {
        var offset = 0
        while let field = self.field(at: &offset) {
            if field.name.elementsEqual(name.utf8) { return field.value }
        }
        return nil
    }

    /// Returns all fields in the order in which they arrived.
    func all() -> [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        var offset = 0
        while let field = self.field(at: &offset) {
            let name = String(decoding: field.name, as: UTF8.self)
            fields.append((name, String(decoding: field.value, as: UTF8.self)))
        }
        return fields
    }

    private func field(at offset: inout Int) -> (name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)? {
        guard offset + 4 <= self.bytes.count else { return nil }
        let nameCount = Int(self.bytes[offset]) << 8 | Int(self.bytes[offset + 1])
        let valueCount = Int(self.bytes[offset + 2]) << 8 | Int(self.bytes[offset + 3])
        let name = offset + 4
        offset = name + nameCount + valueCount
        return (self.bytes[name..<name + nameCount], self.bytes[name + nameCount..<offset])
    }
}

extension Span<UInt8> {
    /// Returns whether the bytes are those of `string`.
    func equals(_ string: StaticString) -> Bool {
        guard self.count == string.utf8CodeUnitCount else { return false }
        for index in 0..<self.count {
            // In bounds: both have the same length.
            let expected = unsafe string.utf8Start[index]
            if self[index] != expected { return false }
        }
        return true
    }
}

extension [UInt8] {
    /// Empties the array and keeps a little memory, but not what one unusual request needed.
    mutating func reset() {
        if !self.isEmpty { self.removeAll(keepingCapacity: self.count <= 512) }
    }

    /// Appends the bytes of `span`.
    mutating func append(contentsOf span: Span<UInt8>) {
        unsafe span.withUnsafeBufferPointer { bytes in unsafe self.append(contentsOf: bytes) }
    }
}
