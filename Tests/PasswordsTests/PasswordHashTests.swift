import Passwords
import Testing

@Suite struct PasswordHashTests {
    private static let salt = [UInt8](0..<16)

    @Test(
        "a hash that another bcrypt made knows its password",
        arguments: [
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*"),
            ("$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U"),
            ("$2a$10$XajjQvNhvvRt5GSeFk1xFeyqRrsxkhBkUiQeg0dt.wU1qD4aFDcga", "allmine"),
            ("$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
        ]
    )
    func knowsForeignHash(text: String, password: String) throws {
        let hash = try PasswordHash(text: text)
        #expect(hash.matches(password))
        #expect(!hash.matches(password + "x"))
        #expect(!hash.matches(""))
    }

    @Test(
        "what is hashed matches itself only",
        arguments: ["a", "", "correct horse battery staple", "Grüße", String(repeating: "x", count: 72)]
    )
    func matchesItself(password: String) throws {
        let hash = try PasswordHash(password: password, cost: 4, salt: Self.salt)
        #expect(hash.text.hasPrefix("$2a$04$"))
        #expect(hash.matches(password))
        #expect(!hash.matches(password + "y"))
        #expect(try PasswordHash(text: hash.text) == hash)
    }

    @Test("the salt is in the hash, in bcrypt's alphabet")
    func writesSalt() throws {
        let zeros = try PasswordHash(password: "p", cost: 4, salt: Array(repeating: 0, count: 16))
        #expect(zeros.text.hasPrefix("$2a$04$......................"))
        let ones = try PasswordHash(password: "p", cost: 4, salt: Array(repeating: 0xff, count: 16))
        #expect(ones.text.dropFirst(7).hasPrefix("999999999999999999999"))
        #expect(zeros != ones)
    }

    @Test("a password of which bcrypt would see only a part is refused and matches nothing")
    func refusesPartlySeen() throws {
        let long = String(repeating: "x", count: 73)
        #expect(throws: PasswordHash.Failure.tooLong) {
            try PasswordHash(password: long, cost: 4, salt: Self.salt)
        }
        #expect(throws: PasswordHash.Failure.zeroByte) {
            try PasswordHash(password: "a\0b", cost: 4, salt: Self.salt)
        }
        #expect(try !PasswordHash(password: "a", cost: 4, salt: Self.salt).matches("a\0b"))
        #expect(try !PasswordHash(password: String(long.dropLast()), cost: 4, salt: Self.salt).matches(long))
    }

    @Test(
        "what is not a bcrypt hash of a bearable cost is refused",
        arguments: [
            "", "*0", "password", "$1$abcdefgh$0123456789012345678901",
            "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe",
            "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe:",
            "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2a$17$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2a$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2a$-5$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        ]
    )
    func refusesText(text: String) {
        #expect(throws: PasswordHash.Failure.notBcrypt) { try PasswordHash(text: text) }
    }
}
