import AccessControl
import Documents
import MVCC
import MeshResources
import MicroHTTP
import Persistence

/// The connections of the data plane: who is there, how far behind, and the means to cut one.
struct ClientsResource: Sendable {
    private static let kind = "Client"

    let environment: AdminEnvironment

    var operations: [Operation] {
        [
            Operation(
                "listClients",
                "GET",
                "/api/v1/clients",
                .scope(.viewer),
                query: ["limit", "continue", "state"]
            ) { (call) throws(Problem) in try await self.list(call) },
            Operation("getClient", "GET", "/api/v1/clients/{id}", .scope(.viewer)) { (call) throws(Problem) in
                Reply(document: Self.document(try await self.find(call)))
            },
            Operation(
                "disconnectClient",
                "DELETE",
                "/api/v1/clients/{id}",
                .scope(.operator),
                query: ["dryRun"]
            ) { (call) throws(Problem) in try await self.disconnect(call) },
        ]
    }

    // MARK: - Operations

    private func list(_ call: Call) async throws(Problem) -> Reply {
        let window = try ListWindow(call.query)
        var after: UInt64 = 0
        if let token = window.token {
            guard let id = UInt64(token.last) else {
                throw Problem(.invalidParameter, "the parameter continue is not what this list answered")
            }
            after = id
        }
        switch call.query["state"] ?? "open" {
        case "open":
            let page = await self.environment.data.clients(after, window.limit)
            return self.reply(page.clients, page.remaining, call)
        case "closed":
            let all = self.environment.data.closedClients()
            let rest = after == 0 ? all[...] : all.drop { $0.id != after }.dropFirst()
            let clients = Array(rest.prefix(window.limit))
            return self.reply(clients, rest.count - clients.count, call)
        default:
            throw Problem(.invalidParameter, "the parameter state must be open or closed")
        }
    }

    private func reply(_ clients: [ConnectedClient], _ remaining: Int, _ call: Call) -> Reply {
        let revision = self.environment.data.state().keyspace.revision
        var metadata = DocumentObject()
        metadata["resourceVersion"] = .string(String(revision))
        var fields: HeaderFields = [:]
        if remaining > 0, let last = clients.last {
            // Numbers grow with time, so a list of what is open needs no snapshot to go on without gaps.
            let token = ContinueToken(version: 0, last: String(last.id)).text
            metadata["continue"] = .string(token)
            metadata["remainingItemCount"] = .integer(Int64(remaining))
            fields.add("Link", call.link(next: token))
        }
        return Reply(
            document: [
                "kind": "ClientList",
                "items": .array(clients.map(Self.document)),
                "metadata": .object(metadata),
            ],
            fields: fields
        )
    }

    private func find(_ call: Call) async throws(Problem) -> ConnectedClient {
        let name = call.parameter("id")
        // Not more than one spelling of a number.
        guard let id = UInt64(name), String(id) == name, let client = await self.environment.data.client(id)
        else {
            throw Problem(.notFound, "there is no open connection \(name)")
        }
        return client
    }

    /// Cuts a connection; the audit has it first, so that nothing happens of which it does not know.
    private func disconnect(_ call: Call) async throws(Problem) -> Reply {
        let options = try ChangeOptions(call, now: self.environment.now())
        let client = try await self.find(call)
        let document = Self.document(client)
        guard !options.isDryRun else {
            return Reply(document: document, fields: ["Isthmus-Dry-Run": "true"])
        }
        do {
            try await self.environment.store.write { (transaction) throws(PersistenceError) in
                let name = String(client.id)
                let body: DocumentValue = [
                    "message": .string("\(Self.name(client.identity)) at \(client.address) was disconnected")
                ]
                try transaction.emit(
                    "client.disconnected",
                    kind: Self.kind,
                    name: name,
                    body: JSONWriter.write(body)
                )
                try transaction.audit(
                    AuditLine.draft(call, verb: "disconnect", kind: "clients", name: name, status: 200)
                )
                return AdminDecision.commit(())
            }
        } catch {
            throw Problem(error)
        }
        _ = await self.environment.data.disconnect(client.id)
        return Reply(document: document)
    }

    // MARK: - Documents

    private static func document(_ client: ConnectedClient) -> DocumentValue {
        let since = DocumentValue.string(Moment.text(client.openedAt * 1_000_000))
        var status = DocumentObject()
        status["state"] = client.end == nil ? "open" : "closed"
        status["identity"] = .string(self.name(client.identity))
        status["identityKind"] = .string(self.kind(client.identity))
        status["address"] = .string(client.address)
        status["since"] = since
        if let end = client.end {
            status["closedAt"] = .string(Moment.text(end.time * 1_000_000))
            status["reason"] = .string(end.reason)
        }
        status["transport"] = client.isHTTP2 ? "http2" : "http1"
        status["encrypted"] = .bool(client.isEncrypted)
        status["userAgent"] = .string(client.userAgent)
        status["certificate"] = client.certificate.map(self.document)
        status["openStreams"] = .integer(Int64(client.openStreams))
        status["watches"] = .integer(Int64(client.watches))
        status["catchingUp"] = .integer(Int64(client.catchingUp))
        status["lagRevisions"] = .integer(client.lag)
        status["sentBytes"] = .integer(Int64(client.sentBytes))
        status["receivedBytes"] = .integer(Int64(client.receivedBytes))
        return [
            "kind": .string(self.kind),
            "metadata": ["name": .string(String(client.id)), "creationTimestamp": since],
            "status": .object(status),
        ]
    }

    private static func document(_ certificate: ConnectedClient.Certificate) -> DocumentValue {
        [
            "commonName": .string(certificate.commonName),
            "issuerCommonName": .string(certificate.issuerCommonName),
            "serialNumber": .string(certificate.serialNumber),
            "notAfter": .string(Moment.text(certificate.notAfter * 1_000_000_000)),
            "fingerprint": .string(certificate.fingerprint),
            "keyFingerprint": .string(certificate.keyFingerprint),
        ]
    }

    /// What a person calls it; those without a name are called what they are.
    private static func name(_ identity: Identity) -> String {
        identity.name.isEmpty ? self.kind(identity) : identity.name
    }

    private static func kind(_ identity: Identity) -> String {
        switch identity {
        case .administrator: "administrator"
        case .localAgent: "localAgent"
        case .peer: "peer"
        case .anyPeer: "anyPeer"
        case .user: "user"
        case .anonymous: "anonymous"
        case .loopback: "loopback"
        }
    }
}
