import AccessControl
import DataPlane

/// A client's way to the server: who it is, and its connection while it has one.
final class Line {
    let name: String
    let authorization: Authorization
    private unowned let world: World
    private var certificateCount = 1
    private(set) var client: GRPCClient?

    init(_ name: String, _ authorization: Authorization, in world: World) {
        self.name = name
        self.authorization = authorization
        self.world = world
    }

    /// What stands for its certificate.
    var certificate: [UInt8] { Array("\(self.name) \(self.certificateCount)".utf8) }

    /// What the server makes of it.
    var identified: IdentifiedClient {
        let certificate = ClientCertificate(
            commonName: self.name,
            issuerCommonName: "simulation",
            serialNumber: "\(self.certificateCount)",
            notAfter: 0,
            fingerprint: String(decoding: self.certificate, as: UTF8.self),
            keyFingerprint: self.name
        )
        return IdentifiedClient(self.authorization, certificate: certificate)
    }

    /// Gets another certificate, for its next connection.
    func renewCertificate() { self.certificateCount += 1 }

    /// The connection, a new one if need be; `nil` if the server does not listen.
    var ready: GRPCClient? {
        if let client, !client.isClosed, !client.isGoingAway { return client }
        self.client = self.world.connect(self)
        return self.client
    }
}

/// A part that a client plays.
protocol SimulatedClient: AnyObject {
    var line: Line { get }
    /// Does the next thing, if there is one to do.
    func act()
    /// Does only what has to be done for everybody to come to rest.
    func settle()
    /// Whether it waits for nothing.
    var isQuiet: Bool { get }
}

extension Authorization {
    /// Whoever may do everything.
    static let administrator = Authorization(identity: .administrator(name: "root"), permissions: .everything)

    /// The peer of another cluster, which may read what is watched here.
    static let peer = Authorization(
        identity: .peer(cluster: "east"),
        permissions: PermissionTable([Permission(.read, prefix: Array("k/".utf8))])
    )

    /// A certificate that names a user of the Auth API.
    static func user(_ name: String) -> Authorization {
        Authorization(identity: .user(name: name), permissions: .nothing)
    }
}
