import AccessControl
import TestSupport
import Testing

/// The table against a model that lists every key of a small world and looks each of them up.
///
/// Permissions and requests name keys of up to two bytes. The smallest key that a request asks for and nobody
/// granted, if there is one, is a bound of some interval, hence at most three bytes long: the world of all
/// keys of up to three bytes contains it, so the model is exact.
@Suite struct PermissionModelTests {
    private static let alphabet: [UInt8] = [0x00, 0x61, 0xff]
    private static let shortKeys = Self.keys(upTo: 2)
    private static let world = Self.keys(upTo: 3).sorted { $0.lexicographicallyPrecedes($1) }

    @Test("agrees with looking up every key", arguments: 0..<48)
    func agrees(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<6 {
            let permissions = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                Self.permission(using: &random)
            }
            let table = PermissionTable(permissions)
            let readable = Self.world.filter { key in permissions.contains { $0.grants(.read, key) } }
            let writable = Self.world.filter { key in permissions.contains { $0.grants(.write, key) } }
            for key in Self.shortKeys {
                for end in Self.shortKeys {
                    let mayRead = table.allowsRead(key: key.span, rangeEnd: end.span)
                    let mayWrite = table.allowsWrite(key: key.span, rangeEnd: end.span)
                    #expect(mayRead == Self.model(readable, key, end), "\(permissions) \(key) \(end)")
                    #expect(mayWrite == Self.model(writable, key, end), "\(permissions) \(key) \(end)")
                }
            }
        }
    }

    /// Whether a request is allowed, by etcd's words and without intervals.
    private static func model(_ granted: [[UInt8]], _ key: [UInt8], _ end: [UInt8]) -> Bool {
        let isGranted = { (candidate: [UInt8]) in granted.contains(candidate) }
        if end == [] { return isGranted(key) }
        if end == [0] {
            return isGranted(key)
                && self.world.allSatisfy { $0.lexicographicallyPrecedes(key) || isGranted($0) }
        }
        if key.lexicographicallyPrecedes(end) {
            return self.world.allSatisfy { candidate in
                candidate.lexicographicallyPrecedes(key) || !candidate.lexicographicallyPrecedes(end)
                    || isGranted(candidate)
            }
        }
        // No key at all: what was granted without a gap down from the key must reach below the end.
        guard isGranted(key) else { return false }
        let below = self.world.filter { $0.lexicographicallyPrecedes(key) }.reversed().prefix {
            isGranted($0)
        }
        return (Array(below) + [key]).contains { $0.lexicographicallyPrecedes(end) }
    }

    private static func permission(using random: inout SeededGenerator) -> Permission {
        let kinds: [Permission.Kind] = [.read, .write, .readWrite]
        let kind = kinds[Int.random(in: 0..<3, using: &random)]
        let key = self.shortKeys[Int.random(in: 0..<self.shortKeys.count, using: &random)]
        if Int.random(in: 0..<4, using: &random) == 0 { return Permission(kind, key: key) }
        return Permission(
            kind,
            key: key,
            rangeEnd: self.shortKeys[Int.random(in: 0..<self.shortKeys.count, using: &random)]
        )
    }

    private static func keys(upTo length: Int) -> [[UInt8]] {
        var keys: [[UInt8]] = [[]]
        var longest: [[UInt8]] = [[]]
        for _ in 0..<length {
            longest = longest.flatMap { key in self.alphabet.map { key + [$0] } }
            keys += longest
        }
        return keys
    }
}

extension Permission {
    /// Whether this permission alone grants `key`, by definition.
    fileprivate func grants(_ wanted: Kind, _ key: [UInt8]) -> Bool {
        guard !self.key.isEmpty, self.kind == wanted || self.kind == .readWrite else { return false }
        if self.rangeEnd == [] { return key == self.key }
        guard !key.lexicographicallyPrecedes(self.key) else { return false }
        return self.rangeEnd == [0] || key.lexicographicallyPrecedes(self.rangeEnd)
    }
}
