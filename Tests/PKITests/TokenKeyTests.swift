import PKI
import Testing

@Suite struct TokenKeyTests {
    /// RFC 7515, appendix A.1.
    @Test func aKnownCodeIsMade() throws {
        let secret: [UInt8] = [
            3, 35, 53, 75, 43, 15, 165, 188, 131, 126, 6, 101, 119, 123, 166, 143, 90, 179, 40, 230, 240, 84,
            201,
            40, 169, 15, 132, 178, 210, 80, 46, 191, 211, 251, 90, 146, 210, 6, 71, 239, 150, 138, 180, 195,
            119,
            98, 61, 34, 61, 46, 33, 114, 5, 46, 79, 8, 192, 205, 154, 245, 103, 208, 128, 163,
        ]
        let signed =
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQ"
            + "ogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        let code: [UInt8] = [
            116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105,
            214,
            191, 240, 91, 88, 5, 88, 83, 132, 141, 121,
        ]
        let key = try TokenKey(algorithm: .hs256, privateKey: secret, publicKey: nil)
        #expect(try key.sign(Array(signed.utf8)) == code)
        #expect(key.verify(code, of: Array(signed.utf8)))
    }

    @Test func aSignatureHasTwoNumbersAndIsForOneMessageAndKey() throws {
        let key = try PrivateKey.generate()
        let pem = try key.pem().copy()
        let signer = try TokenKey(algorithm: .es256, privateKey: pem, publicKey: nil)
        let other = try TokenKey(
            algorithm: .es256,
            privateKey: try PrivateKey.generate().pem().copy(),
            publicKey: nil
        )
        #expect(signer.canSign)
        for number in 0..<20 {
            let message = Array("message \(number)".utf8)
            let signature = try signer.sign(message)
            // However many leading zeros the numbers have.
            #expect(signature.count == 64)
            #expect(signer.verify(signature, of: message))
            #expect(!signer.verify(signature, of: message + [0]))
            #expect(!other.verify(signature, of: message))
            for length in [0, 1, 63, 65] {
                let wrong = Array((signature + [0]).prefix(length))
                #expect(!signer.verify(wrong, of: message))
            }
        }
    }

    @Test func keysOfAnotherKindAreRefused() throws {
        let pem = try PrivateKey.generate().pem().copy()
        for algorithm in TokenAlgorithm.allCases {
            guard ![.es256, .hs256, .hs384, .hs512].contains(algorithm) else { continue }
            #expect(throws: TokenKey.Failure.self) {
                try TokenKey(algorithm: algorithm, privateKey: pem, publicKey: nil)
            }
        }
    }

    @Test func whatIsMissingOrNoPairIsRefused() throws {
        #expect(throws: TokenKey.Failure.missing) {
            try TokenKey(algorithm: .es256, privateKey: nil, publicKey: nil)
        }
        #expect(throws: TokenKey.Failure.missing) {
            try TokenKey(algorithm: .hs256, privateKey: nil, publicKey: [1])
        }
        #expect(throws: TokenKey.Failure.self) {
            try TokenKey(algorithm: .es256, privateKey: Array("no key".utf8), publicKey: nil)
        }
        #expect(throws: PKIError.self) { try RevocationList(Array("no list".utf8)) }
    }

    @Test func anOldDigestIsThatOfOthers() throws {
        let digest = try Digest.sha1(Array("abc".utf8))
        #expect(digest.prefix(4) == [0xa9, 0x99, 0x3e, 0x36])
    }
}
