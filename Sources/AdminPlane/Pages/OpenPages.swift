import Documents
import MeshResources
import MicroHTTP

/// What can be had without credentials: the contract, the words of the problem types, signing in.
struct OpenPages: Sendable {
    let files: StaticFiles
    let authenticator: Authenticator

    var operations: [Operation] {
        [
            Operation("getContractYAML", "GET", "/openapi.yaml", .open, produces: [MediaType.yaml]) {
                (_) throws(Problem) in
                Reply(200, .bytes(self.files.contract, type: MediaType.yaml))
            },
            Operation("getContractJSON", "GET", "/openapi.json", .open, produces: [MediaType.json]) {
                (_) throws(Problem) in
                guard let document = try? YAMLReader.read(self.files.contract) else {
                    throw Problem(.internal, "the contract is not YAML")
                }
                return Reply(200, .bytes(JSONWriter.write(document), type: MediaType.json))
            },
            Operation("getProblemType", "GET", "/problems/{slug}", .open) { (call) throws(Problem) in
                try Self.problemType(call)
            },
            Operation(
                "signIn",
                "POST",
                "/login",
                .open,
                body: .form,
                produces: [MediaType.html]
            ) { (call) throws(Problem) in try self.signIn(call) },
            Operation("signOut", "POST", "/logout", .open, body: .form, produces: [MediaType.html]) {
                (_) throws(Problem) in
                Reply(
                    303,
                    .none,
                    fields: ["Location": "/", "Set-Cookie": Self.cookie("", lifetime: 0, isTLS: false)]
                )
            },
        ]
    }

    private static func problemType(_ call: Call) throws(Problem) -> Reply {
        guard let slug = Problem.Slug(rawValue: call.parameter("slug")) else {
            throw Problem(.notFound, "there is no problem type of that name")
        }
        return Reply(
            document: [
                "kind": "ProblemType", "type": .string(Problem.path + slug.rawValue),
                "title": .string(slug.title), "status": .integer(Int64(slug.status)),
            ]
        )
    }

    private func signIn(_ call: Call) throws(Problem) -> Reply {
        let token = try RequestBody.form(of: call.request)["token"] ?? ""
        _ = try self.authenticator.checkToken(token.trimmingSpaces(), from: call.request.peer)
        let cookie = Self.cookie(token.trimmingSpaces(), lifetime: 43_200, isTLS: call.request.peer.isTLS)
        return Reply(303, .none, fields: ["Location": "/", "Set-Cookie": cookie])
    }

    /// A cookie that no script can read, that no other site's request carries, and that opens only what
    /// changes nothing.
    private static func cookie(_ value: String, lifetime seconds: Int, isTLS: Bool) -> String {
        "\(Authenticator.cookie)=\(value); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict"
            + (isTLS ? "; Secure" : "")
    }
}
