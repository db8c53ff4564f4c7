import AccessControl
import TestSupport
import Testing

@Suite struct AuthEncodingTests {
    @Test("what is stored is read back as it was, with its compiled permissions and its withdrawals")
    func roundTrip() throws {
        let state = try AuthStateTests.enabled()
        let read = try AuthState(encoded: state.encoded)
        #expect(read == state)
        #expect(try AuthStateTests.mayRead(read, "alice", "b"))
        #expect(try AuthState(encoded: AuthState().encoded) == AuthState())
    }

    @Test("the stored form does not change by itself")
    func isStable() throws {
        var state = AuthState()
        _ = try state.apply(.addRole(name: "r"))
        _ = try state.apply(.grantPermission(role: "r", Permission(.readWrite, key: [0x61], rangeEnd: [0])))
        _ = try state.apply(.addUser(name: "u", passwordHash: "h"))
        _ = try state.apply(.grantRole(user: "u", role: "r"))
        #expect(
            state.encoded == [
                1, 0, 5, 0,  // version, disabled, revision, never enabled
                1, 1, 0x72, 1, 2, 1, 0x61, 1, 0,  // the role r with one permission
                // The user u, since revision 4, with a hash and a role.
                1, 1, 0x75, 4, 1, 1, 0x68, 1, 1, 0x72,
            ]
        )
    }

    @Test("no part of it is taken for the whole, and no more either")
    func refusesParts() throws {
        let bytes = try AuthStateTests.enabled().encoded
        for count in 1..<bytes.count {
            #expect(throws: AuthEncodingError.damaged) { try AuthState(encoded: Array(bytes[..<count])) }
        }
        #expect(throws: AuthEncodingError.damaged) { try AuthState(encoded: []) }
        #expect(throws: AuthEncodingError.damaged) { try AuthState(encoded: bytes + [0]) }
    }

    @Test("a newer form is named, not guessed at")
    func refusesNewer() throws {
        var bytes = try AuthStateTests.enabled().encoded
        bytes[0] = 2
        #expect(throws: AuthEncodingError.unknownVersion(2)) { try AuthState(encoded: bytes) }
    }

    @Test("damaged bytes never end the process", arguments: 0..<8)
    func survivesDamage(seed: UInt64) throws {
        let bytes = try AuthStateTests.enabled().encoded
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let index = Int.random(in: 1..<damaged.count, using: &random)
                damaged[index] = UInt8.random(in: 0...255, using: &random)
            }
            // Some damage is legible; what counts is that reading it ends.
            let read = try? AuthState(encoded: damaged)
            #expect(read == nil || read?.encoded.isEmpty == false)
        }
    }
}
