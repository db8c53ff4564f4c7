import AccessControl
import AdminPlane
import DataPlane
import Storage

extension DataPlaneView {
    /// Joins the admin plane to a data plane, of which it sees no more than this.
    init(_ server: DataPlaneServer, store: Store, identification: Identification) {
        self.init(
            state: {
                let snapshot = store.replica.current
                return CommittedState(
                    keyspace: snapshot.keyspace,
                    auth: snapshot.auth,
                    isCorrupt: snapshot.isCorrupt
                )
            },
            authorization: { identification.authorization(ofCommonName: $0) },
            clients: { id, limit in
                let page = await server.clients(after: id, limit: limit)
                return (page.clients.map { ConnectedClient($0) }, page.remaining)
            },
            client: { id in await server.client(id).map { ConnectedClient($0) } },
            closedClients: { server.recentlyClosed.map { ConnectedClient($0) } },
            disconnect: { id in await server.disconnect(id: id) }
        )
    }
}

extension ConnectedClient {
    fileprivate init(_ client: ClientConnection) {
        self.init(id: client.id, identity: client.identity)
        self.certificate = client.certificate.map { Certificate($0) }
        self.address = client.remoteAddress?.text ?? ""
        self.isEncrypted = client.isEncrypted
        self.isHTTP2 = client.transport == .http2
        self.userAgent = client.userAgent
        self.openedAt = client.openedAt
        self.openStreams = client.openStreams
        self.watches = client.watches
        self.catchingUp = client.catchingUp
        self.lag = client.lag
        self.receivedBytes = client.receivedBytes
        self.sentBytes = client.sentBytes
    }

    fileprivate init(_ closed: ClosedClient) {
        self.init(closed.client)
        self.end = End(time: closed.closedAt, reason: closed.reason.rawValue)
    }
}

extension ConnectedClient.Certificate {
    fileprivate init(_ certificate: ClientCertificate) {
        self.init()
        self.commonName = certificate.commonName
        self.issuerCommonName = certificate.issuerCommonName
        self.serialNumber = certificate.serialNumber
        self.notAfter = certificate.notAfter
        self.fingerprint = certificate.fingerprint
        self.keyFingerprint = certificate.keyFingerprint
    }
}
