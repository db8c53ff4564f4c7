import AccessControl
import Testing

extension PermissionTable {
    func allowsRead(_ key: [UInt8], _ end: [UInt8]) -> Bool {
        self.allowsRead(key: key.span, rangeEnd: end.span)
    }

    func allowsWrite(_ key: [UInt8], _ end: [UInt8]) -> Bool {
        self.allowsWrite(key: key.span, rangeEnd: end.span)
    }

    func allowsRead(_ key: String, _ end: String = "") -> Bool {
        self.allowsRead(Array(key.utf8), Array(end.utf8))
    }

    func allowsWrite(_ key: String, _ end: String = "") -> Bool {
        self.allowsWrite(Array(key.utf8), Array(end.utf8))
    }
}

@Suite struct PermissionTableTests {
    private func read(_ key: String, _ end: String = "") -> Permission {
        Permission(.read, key: Array(key.utf8), rangeEnd: Array(end.utf8))
    }

    @Test(
        "one interval holds its keys and the ranges inside it",
        arguments: [
            ("b", "", true), ("bzz", "", true), ("c", "", true), ("a", "", false), ("azz", "", false),
            ("d", "", false), ("", "", false),
            ("b", "d", true), ("b", "c", true), ("c", "d", true), ("b\0", "czz", true),
            ("a", "d", false), ("b", "d\0", false), ("b", "e", false), ("a", "b", false), ("d", "e", false),
            ("b", "\0", false), ("\0", "\0", false), ("", "\0", false), ("", "c", false),
        ]
    )
    func oneInterval(key: String, end: String, isAllowed: Bool) {
        #expect(PermissionTable([self.read("b", "d")]).allowsRead(key, end) == isAllowed)
    }

    @Test(
        "a range is allowed across intervals that overlap or touch, not across a gap",
        arguments: [
            ("a", "e", true), ("b", "h", true), ("a", "h", true), ("a", "i", false), ("h", "", false),
            ("a", "h\0", false), ("i", "j", true), ("g", "j", false), ("m", "\0", true), ("z", "\0", true),
            ("j", "\0", false), ("l", "\0", false),
        ]
    )
    func union(key: String, end: String, isAllowed: Bool) {
        let table = PermissionTable([
            self.read("m", "\0"), self.read("e", "h"), self.read("a", "c"), self.read("b", "e"),
            self.read("i", "j"), self.read("x", "y"),
        ])
        #expect(table.allowsRead(key, end) == isAllowed)
    }

    @Test func aSingleKeyIsThatKeyAndTheRangeOfOnlyIt() {
        let table = PermissionTable([self.read("k")])
        #expect(table.allowsRead("k"))
        #expect(table.allowsRead("k", "k\0"))
        #expect(!table.allowsRead("k", "l"))
        #expect(!table.allowsRead("k\0"))
        #expect(!table.allowsRead("j"))
    }

    @Test func neighbouringSingleKeysJoin() {
        let table = PermissionTable([self.read("k\0"), self.read("k")])
        #expect(table.allowsRead("k", "k\0\0"))
        #expect(!table.allowsRead("k", "k\0\u{1}"))
    }

    @Test func anEndBelowTheKeyIsAllowedOnlyInsideOneInterval() {
        let table = PermissionTable([self.read("b", "d"), self.read("f", "h")])
        #expect(table.allowsRead("c", "b\0"))
        #expect(table.allowsRead("c", "c"))
        #expect(!table.allowsRead("c", "a"))
        #expect(!table.allowsRead("g", "c"))
        #expect(!table.allowsRead("a", "a"))
    }

    @Test func everyKeyByPermissionIsEveryKeyButTheEmptyOne() {
        let table = PermissionTable([self.read("\0", "\0")])
        #expect(table.allowsRead("\0", "\0"))
        #expect(table.allowsRead("a", "\0"))
        #expect(!table.allowsRead("", "\0"))
        #expect(!table.allowsRead(""))
    }

    @Test(arguments: [("", ""), ("", "\0"), ("\0", "\0"), ("a", ""), ("a", "b"), ("b", "a")])
    func everythingAllowsAndNothingRefuses(key: String, end: String) {
        // An end that is not above the empty key is below the interval of everything, as in etcd's tree.
        #expect(PermissionTable.everything.allowsRead(key, end))
        #expect(PermissionTable.everything.allowsWrite(key, end))
        #expect(!PermissionTable.nothing.allowsRead(key, end))
        #expect(!PermissionTable.nothing.allowsWrite(key, end))
    }

    @Test(
        "a kind grants what its name says",
        arguments: [(.read, true, false), (.write, false, true), (.readWrite, true, true)]
            as [(Permission.Kind, Bool, Bool)]
    )
    func kinds(kind: Permission.Kind, reads: Bool, writes: Bool) {
        let table = PermissionTable([Permission(kind, prefix: Array("p".utf8))])
        #expect(table.allowsRead("p1") == reads)
        #expect(table.allowsWrite("p1") == writes)
        #expect(table.writesSomething == writes)
    }

    @Test func readsAndWritesDoNotMix() {
        let table = PermissionTable([
            Permission(.read, key: Array("a".utf8), rangeEnd: Array("c".utf8)),
            Permission(.write, key: Array("c".utf8), rangeEnd: Array("e".utf8)),
        ])
        #expect(!table.allowsRead("a", "e"))
        #expect(!table.allowsWrite("a", "e"))
        #expect(table.allowsRead("a", "c"))
        #expect(table.allowsWrite("c", "e"))
    }

    @Test func theOrderOfPermissionsDoesNotMatter() {
        let permissions = [
            self.read("e", "h"), self.read("a", "c"), self.read("b", "f"), self.read("x", "\0"),
        ]
        #expect(PermissionTable(permissions) == PermissionTable(permissions.reversed()))
    }

    @Test func bytesAreComparedUnsigned() {
        let table = PermissionTable([Permission(.read, key: [0x7f], rangeEnd: [0x81])])
        let inside: [UInt8] = [0x80, 0xff]
        let outside: [UInt8] = [0xff]
        let end: [UInt8] = []
        #expect(table.allowsRead(inside, end))
        #expect(!table.allowsRead(outside, end))
    }
}
