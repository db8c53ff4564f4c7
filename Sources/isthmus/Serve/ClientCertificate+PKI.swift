import DataPlane
import PKI

extension ClientCertificate {
    /// Reads what an operator is shown of a certificate, and what revocations name.
    ///
    /// - Parameters:
    ///   - certificate: The client's certificate.
    ///   - chain: It and those above it, in DER, as far as they are to be remembered.
    init(_ certificate: Certificate, chain: [[UInt8]] = []) {
        self.init(
            commonName: certificate.commonName,
            issuerCommonName: certificate.issuerCommonName,
            serialNumber: certificate.serialNumber.description,
            notAfter: certificate.validity.notAfter,
            fingerprint: Self.hexadecimal(certificate.fingerprint),
            keyFingerprint: Self.hexadecimal(certificate.keyDigest),
            chain: chain
        )
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let text = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }
}
