import AccessControl
import Testing

@Suite struct PermissionTests {
    @Test(
        "a prefix ends above its last key",
        arguments: [
            (Array("cilium/cache/".utf8), Array("cilium/cache0".utf8)),
            (Array("cilium/.heartbeat".utf8), Array("cilium/.heartbeau".utf8)),
            ([0x61, 0xff], [0x62]),
            ([0x61, 0xff, 0xff], [0x62]),
            ([0xff], [0]),
            ([0xff, 0xff], [0]),
            ([0], [1]),
        ] as [([UInt8], [UInt8])]
    )
    func prefixes(prefix: [UInt8], end: [UInt8]) {
        #expect(Permission(.read, prefix: prefix) == Permission(.read, key: prefix, rangeEnd: end))
    }

    @Test(
        "a permission is valid when etcd would grant it",
        arguments: [
            ("a", "", true), ("a", "b", true), ("a", "\0", true), ("\0", "\0", true), ("a", "a\0", true),
            ("", "", false), ("", "a", false), ("", "\0", false), ("b", "a", false), ("a", "a", false),
            ("b", "\0\0", false),
        ]
    )
    func validity(key: String, end: String, isValid: Bool) {
        let permission = Permission(.read, key: Array(key.utf8), rangeEnd: Array(end.utf8))
        #expect(permission.isValid == isValid)
        if !isValid { #expect(PermissionTable([permission]) == .nothing) }
    }
}
