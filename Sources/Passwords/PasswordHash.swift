// Passwords: hashes of passwords, made and checked by the C library's bcrypt.
//
// One outside thing, so one target: `PKI` wraps OpenSSL, which has no bcrypt, and the planes contain no C.
// Not here: who has which password (`AccessControl`), and on which thread the work is done (`DataPlane`): a
// hash takes tens of milliseconds, on purpose. Begin with `PasswordHash`.

import CCrypt
import Glibc

/// A bcrypt hash of a password, as etcd (Go) and the C library write it.
package struct PasswordHash: Hashable, Sendable {
    /// Why a password cannot be hashed, or a text is not a hash.
    package enum Failure: Error, Hashable, Sendable {
        /// The password has more bytes than bcrypt looks at.
        case tooLong
        /// The password has a zero byte, behind which the C library would not look.
        case zeroByte
        /// The text is not a bcrypt hash with an accepted cost.
        case notBcrypt
        /// The C library cannot do it.
        case unavailable
    }

    /// The most bytes of a password that bcrypt looks at.
    package static let maximumPasswordBytes = 72
    /// The number of random bytes that a hash begins with.
    package static let saltByteCount = 16
    /// The accepted costs; each step doubles the time, and the greatest takes a few seconds.
    package static let costs = 4...16

    /// The text, 60 characters: `$2a$`, the cost, the salt and the hash.
    package let text: String

    /// Accepts a text that ``init(password:cost:salt:)`` or another bcrypt has made.
    ///
    /// - Throws: ``Failure/notBcrypt``.
    package init(text: String) throws(Failure) {
        let bytes = Array(text.utf8)
        guard bytes.count == 60, let cost = Self.cost(of: bytes), Self.costs.contains(cost),
            bytes[7...].allSatisfy(Self.alphabet.contains)
        else { throw .notBcrypt }
        self.text = text
    }

    /// Hashes a password.
    ///
    /// Blocks the caller for as long as the cost asks.
    ///
    /// - Parameters:
    ///   - password: At most ``maximumPasswordBytes`` of UTF-8 without a zero byte.
    ///   - cost: The binary logarithm of the number of rounds, in ``costs``.
    ///   - salt: ``saltByteCount`` random bytes.
    /// - Throws: ``Failure``.
    package init(password: String, cost: Int, salt: [UInt8]) throws(Failure) {
        precondition(Self.costs.contains(cost) && salt.count == Self.saltByteCount)
        guard password.utf8.count <= Self.maximumPasswordBytes else { throw .tooLong }
        guard !password.utf8.contains(0) else { throw .zeroByte }
        // Go's bcrypt writes and reads this prefix; for UTF-8 the newer ones mean the same.
        let setting = "$2a$" + (cost < 10 ? "0" : "") + String(cost) + "$" + Self.encode(salt)
        guard let text = Self.crypt(password, setting) else { throw .unavailable }
        try self.init(text: text)
    }

    /// Whether this is the hash of `password`.
    ///
    /// Blocks the caller for as long as the hash's cost asks, and no shorter for a password that begins well.
    package func matches(_ password: String) -> Bool {
        // What cannot be hashed was never anyone's password. bcrypt would look at a part of it only.
        guard password.utf8.count <= Self.maximumPasswordBytes, !password.utf8.contains(0),
            let computed = Self.crypt(password, self.text)
        else { return false }
        return Self.areEqual(Array(computed.utf8), Array(self.text.utf8))
    }

    /// Compares in a time that depends on the lengths only.
    private static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }

    private static func crypt(_ password: String, _ setting: String) -> String? {
        let size = MemoryLayout<crypt_data>.size
        let scratch = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        unsafe memset(scratch, 0, size)
        defer {
            // The password may have left traces.
            unsafe explicit_bzero(scratch, size)
            unsafe scratch.deallocate()
        }
        return unsafe password.withCString { password in
            unsafe setting.withCString { setting in
                guard let text = unsafe crypt_rn(password, setting, scratch, Int32(size)) else { return nil }
                return unsafe String(validatingCString: text)
            }
        }
    }

    // MARK: - The text

    /// bcrypt's own base 64.
    private static let alphabet = Array(
        "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8
    )

    private static func encode(_ salt: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: salt.count, by: 3) {
            let bytes = salt[start..<min(start + 3, salt.count)]
            let bits = bytes.reduce(0) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - bytes.count))
            // Three bytes are four characters, fewer bytes one character more than they are.
            for place in 0...bytes.count {
                text.append(Self.alphabet[Int(bits >> UInt32(18 - 6 * place) & 0x3f)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func cost(of bytes: [UInt8]) -> Int? {
        let dollar = UInt8(ascii: "$")
        let prefixes = ["$2a$", "$2b$", "$2y$"]
        guard prefixes.contains(where: { bytes.starts(with: $0.utf8) }), bytes[6] == dollar else {
            return nil
        }
        return Int(String(decoding: bytes[4..<6], as: UTF8.self))
    }
}
