import AccessControl
import Documents
import MVCC
import MeshResources
import MeshSchema
import MicroHTTP

/// The keys of the store, as anybody who may connect would see them.
struct KeysResource: Sendable {
    /// The most bytes of keys and values in one page: values may have more than a mebibyte each.
    private static let pageBytes = 8 << 20
    private static let prefixLimit = 1_024

    let environment: AdminEnvironment

    var operations: [Operation] {
        [
            Operation(
                "listKeys",
                "GET",
                "/api/v1/kv",
                .scope(.viewer),
                query: ["prefix", "as", "limit", "continue"]
            ) { (call) throws(Problem) in try self.list(call) }
        ]
    }

    private func list(_ call: Call) throws(Problem) -> Reply {
        let window = try ListWindow(call.query)
        let prefix = call.query["prefix"] ?? ""
        guard prefix.utf8.count <= Self.prefixLimit else {
            throw Problem(.invalidParameter, "the parameter prefix has at most \(Self.prefixLimit) bytes")
        }
        let state = self.environment.data.state()
        guard !state.isCorrupt else {
            throw Problem(.notAvailable, "the store was found damaged, so nothing of it is shown")
        }
        let viewer = try self.viewer(call.query["as"], state.auth)
        let browser = KeyBrowser(state.keyspace, prefix: prefix, readable: viewer.permissions)
        let revision = window.token?.version ?? state.keyspace.revision
        let page: KeyBrowser.Page
        do {
            page = try browser.page(
                from: try window.token.map(Self.position),
                limit: window.limit,
                byteLimit: Self.pageBytes,
                at: revision
            )
        } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem(
                .expired,
                "revision \(revision), on which this list began, can no longer be read",
                hint: "list again from the beginning"
            )
        }
        return Self.reply(page, revision, call)
    }

    private static func reply(_ page: KeyBrowser.Page, _ revision: Int64, _ call: Call) -> Reply {
        var metadata = DocumentObject()
        metadata["resourceVersion"] = .string(String(revision))
        var fields: HeaderFields = [:]
        if let next = page.next {
            let last = "\(Base64URL.encode(next.start)).\(next.skipped)"
            let token = ContinueToken(version: revision, last: last).text
            metadata["continue"] = .string(token)
            metadata["remainingItemCount"] = .integer(Int64(page.remaining))
            fields.add("Link", call.link(next: token))
        }
        return Reply(
            document: [
                "kind": "KeyList",
                "items": .array(page.records.map(KeyDocument.document)),
                "metadata": .object(metadata),
            ],
            fields: fields
        )
    }

    private static func position(_ token: ContinueToken) throws(Problem) -> KeyBrowser.Position {
        let parts = token.last.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let start = Base64URL.decode(String(parts[0])), let skipped = Int(parts[1]),
            (0...1_000_000).contains(skipped)
        else {
            throw Problem(.invalidParameter, "the parameter continue is not what this list answered")
        }
        return KeyBrowser.Position(start: start, skipped: skipped)
    }

    /// Returns what whoever is named may do.
    ///
    /// - Throws: 400 when the name can be nobody's.
    private func viewer(_ name: String?, _ auth: AuthState) throws(Problem) -> Authorization {
        let connection: Authorization
        if let user = name.flatMap(Self.userName) {
            connection = Authorization(identity: Identity(userName: user), permissions: .nothing)
        } else {
            connection = self.environment.data.authorization(self.commonName(name ?? "admin"))
        }
        if case .anonymous = connection.identity {
            throw Problem(
                .invalidParameter,
                "the parameter as names nobody",
                hint: "admin, local, remote, remote-<cluster>, user:<name>, or a certificate's common name"
            )
        }
        do {
            return try auth.authorization(of: connection)
        } catch {
            throw Problem(.internal, "who has a name is never without one")
        }
    }

    private static func userName(_ text: String) -> String? {
        let prefix = "user:"
        return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
    }

    /// The common name of the certificate that is meant: ours carry the cluster's name.
    private func commonName(_ name: String) -> String {
        switch name {
        case "admin", "local": "\(name)-\(self.environment.cluster.name.rawValue)"
        default: name
        }
    }
}
