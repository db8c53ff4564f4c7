/// Why stored bytes are not an ``AuthState``.
package enum AuthEncodingError: Error, Hashable, Sendable {
    /// They were written by a newer version of this program.
    case unknownVersion(UInt8)
    /// They end early, go on after the end, or say something that cannot be.
    case damaged
}

/// The stored form, so that users survive a restart: a version byte, then numbers as varints and strings
/// behind their length. What can be computed is not stored.
extension AuthState {
    private static let version: UInt8 = 1

    /// The bytes to store.
    package var encoded: [UInt8] {
        var writer = AuthWriter()
        writer.bytes.append(Self.version)
        writer.bytes.append(self.isEnabled ? 1 : 0)
        writer.number(self.revision)
        writer.number(self.enabledRevision)
        writer.count(self.roles.count)
        for role in self.roles {
            writer.string(role.name)
            writer.count(role.permissions.count)
            for permission in role.permissions {
                writer.bytes.append(permission.kind.code)
                writer.data(permission.key)
                writer.data(permission.rangeEnd)
            }
        }
        writer.count(self.users.count)
        for user in self.users {
            writer.string(user.name)
            writer.number(user.credentialRevision)
            writer.bytes.append(user.passwordHash == nil ? 0 : 1)
            if let hash = user.passwordHash { writer.string(hash) }
            writer.count(user.roles.count)
            for role in user.roles { writer.string(role) }
        }
        return writer.bytes
    }

    /// Reads what ``encoded`` wrote.
    ///
    /// - Throws: Why the bytes cannot be read. Whoever gets this must not go on as if there were no users.
    package init(encoded bytes: [UInt8]) throws(AuthEncodingError) {
        var reader = AuthReader(bytes)
        let version = try reader.byte()
        guard version == Self.version else { throw .unknownVersion(version) }
        self.init()
        self.isEnabled = try reader.flag()
        self.revision = try reader.number()
        self.enabledRevision = try reader.number()
        for _ in 0..<(try reader.count()) { self.roleTable.set(try reader.role()) }
        for _ in 0..<(try reader.count()) {
            var user = try reader.user()
            self.compile(&user)
            self.userTable.set(user)
        }
        guard reader.isAtEnd else { throw .damaged }
    }
}

extension Permission.Kind {
    /// The number in the stored form.
    fileprivate var code: UInt8 {
        switch self {
        case .read: 0
        case .write: 1
        case .readWrite: 2
        }
    }

    fileprivate init(code: UInt8) throws(AuthEncodingError) {
        switch code {
        case 0: self = .read
        case 1: self = .write
        case 2: self = .readWrite
        default: throw .damaged
        }
    }
}

private struct AuthWriter {
    var bytes: [UInt8] = []

    mutating func number(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            self.bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        self.bytes.append(UInt8(rest))
    }

    mutating func count(_ value: Int) { self.number(UInt64(value)) }

    mutating func data(_ data: [UInt8]) {
        self.count(data.count)
        self.bytes.append(contentsOf: data)
    }

    mutating func string(_ text: String) { self.data(Array(text.utf8)) }
}

private struct AuthReader {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { self.offset == self.bytes.count }

    mutating func byte() throws(AuthEncodingError) -> UInt8 {
        guard self.offset < self.bytes.count else { throw .damaged }
        defer { self.offset += 1 }
        return self.bytes[self.offset]
    }

    mutating func flag() throws(AuthEncodingError) -> Bool {
        let byte = try self.byte()
        guard byte <= 1 else { throw .damaged }
        return byte == 1
    }

    mutating func number() throws(AuthEncodingError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            let byte = try self.byte()
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        throw .damaged
    }

    /// A number of things that each need at least a byte.
    mutating func count() throws(AuthEncodingError) -> Int {
        let value = try self.number()
        guard value <= UInt64(self.bytes.count - self.offset) else { throw .damaged }
        return Int(value)
    }

    mutating func data() throws(AuthEncodingError) -> [UInt8] {
        let count = try self.count()
        defer { self.offset += count }
        return Array(self.bytes[self.offset..<self.offset + count])
    }

    mutating func string() throws(AuthEncodingError) -> String {
        guard let text = String(validating: try self.data(), as: UTF8.self) else { throw .damaged }
        return text
    }

    mutating func role() throws(AuthEncodingError) -> AuthRole {
        var role = AuthRole(name: try self.string())
        for _ in 0..<(try self.count()) {
            let kind = try Permission.Kind(code: try self.byte())
            role.permissions.append(Permission(kind, key: try self.data(), rangeEnd: try self.data()))
        }
        return role
    }

    mutating func user() throws(AuthEncodingError) -> AuthUser {
        let name = try self.string()
        let credentialRevision = try self.number()
        let hash = try self.flag() ? try self.string() : nil
        var user = AuthUser(name: name, passwordHash: hash, credentialRevision: credentialRevision)
        for _ in 0..<(try self.count()) { user.roles.append(try self.string()) }
        return user
    }
}
