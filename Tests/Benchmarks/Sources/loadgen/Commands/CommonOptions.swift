import ArgumentParser
import NIOCore
import NIOSSL

/// What every work needs to know.
struct CommonOptions: ParsableArguments {
    @Option(help: "The server's address, as IP:PORT.")
    var endpoint: String

    @Option(help: "The certificate of the server's authority.")
    var ca: String

    @Option(help: "Our certificate.")
    var cert: String

    @Option(help: "Our key.")
    var key: String

    @Option(help: "The process whose CPU time and memory are measured.")
    var pid: Int32

    @Option(help: "How many event loops make the load.")
    var threads = 1

    @Option(help: "The most seconds that each step may take.")
    var timeout = 120

    @Option(help: "What all keys begin with.")
    var prefix = "cilium/state/ip/v1/bench/"

    @Option(help: "How many keys there are.")
    var keys = 10_000

    @Option(help: "The bytes in each value.")
    var valueSize = 300

    func validate() throws {
        guard self.threads > 0, self.keys > 0 else { throw ValidationError("a count must be positive") }
        guard self.valueSize >= KeyNames.digits + 8 else { throw ValidationError("the values are too small") }
    }

    var names: KeyNames { KeyNames(prefix: self.prefix) }
    var server: ServerProcess { ServerProcess(id: self.pid) }

    /// The bytes that values are filled up with.
    var filler: ByteBuffer {
        ByteBuffer(bytes: (0..<self.valueSize).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ $0 / 3) })
    }

    func target() throws -> Target {
        let parts = self.endpoint.split(separator: ":")
        guard parts.count == 2, let port = Int(parts[1]) else { throw ValidationError("bad endpoint") }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .file(self.ca)
        configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(self.cert).map {
            .certificate($0)
        }
        configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: self.key, format: .pem))
        // The servers under test are on the loopback interface and have whatever names they have.
        configuration.certificateVerification = .noHostnameVerification
        configuration.applicationProtocols = ["h2"]
        return Target(
            host: String(parts[0]),
            port: port,
            tls: try NIOSSLContext(configuration: configuration)
        )
    }
}
