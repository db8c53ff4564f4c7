import Foundation
import PKI

/// The certificate of `--auto-tls`: made once, kept below the data directory where etcd keeps its own.
struct SelfSignedFiles {
    let certificate: String
    let key: String

    /// Returns the files, making them if they are not there.
    ///
    /// The first certificate of the file is the server's, the second its authority's, which clients may
    /// trust.
    init(directory: String, hosts: [String], years: Int, now: Int64) throws {
        let path = directory + "/fixtures/client"
        self.certificate = path + "/cert.pem"
        self.key = path + "/key.pem"
        let files = FileManager.default
        guard !files.fileExists(atPath: self.certificate) || !files.fileExists(atPath: self.key) else {
            return
        }
        try files.createDirectory(atPath: path, withIntermediateDirectories: true)
        var generator = SystemRandomNumberGenerator()
        let validity = Validity(notBefore: now - 60, notAfter: now + Int64(max(1, years)) * 365 * 86_400)
        let authority = try CertificateAuthority.makeRoot(
            commonName: "etcd",
            key: try PrivateKey.generate(),
            serialNumber: .random(using: &generator),
            validity: validity
        )
        let key = try PrivateKey.generate()
        let leaf = try authority.issue(
            CertificateTemplate(
                commonName: "etcd",
                alternativeNames: try hosts.map { try AlternativeName($0) },
                purpose: .server
            ),
            publicKey: key.publicKey,
            serialNumber: .random(using: &generator),
            validity: validity,
            now: now
        )
        try Data(leaf.pem + authority.certificate.pem).write(to: URL(fileURLWithPath: self.certificate))
        try Data(key.pem().copy()).write(to: URL(fileURLWithPath: self.key))
    }
}
