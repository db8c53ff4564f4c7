import Documents
import MeshResources
import MicroHTTP
import Persistence

/// The status page: its first view, its files, and signing in to it.
///
/// The first view is made from the API's own answers, so it shows what a client with the same rights sees. The
/// templates and the scripts are in `web-static`, whose README defines how they are filled.
struct StatusPage: Sendable {
    /// Only this server's own files are loaded; no script, style or frame comes from elsewhere.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    /// How many events the first view looks back.
    private static let eventRows: Int64 = 60

    private let files: StaticFiles
    private let tags: [String: String]
    private let environment: AdminEnvironment
    private let authenticator: Authenticator
    /// The operations of the API that the page is made from, by name.
    private let sources: [String: Operation]
    private let kindNames: [String: String]
    private let frame: PageTemplate
    private let templates: [String: PageTemplate]

    /// Prepares the page.
    ///
    /// - Parameter others: The operations of the API.
    init(
        files: StaticFiles,
        environment: AdminEnvironment,
        authenticator: Authenticator,
        others: [Operation],
        kindNames: [String: String]
    ) {
        self.files = files
        self.environment = environment
        self.authenticator = authenticator
        self.kindNames = kindNames
        self.sources = Dictionary(uniqueKeysWithValues: others.map { ($0.id, $0) })
        self.tags = files.page.mapValues { file in
            "\"\(Base64URL.encode(Array(environment.sha256(file.bytes).prefix(12))))\""
        }
        let text = { (name: String) in String(decoding: files.page[name]?.bytes ?? [], as: UTF8.self) }
        self.frame = PageTemplate(text("index.html"))
        self.templates = PageTemplate.templates(in: text("fragments.html"))
    }

    var operations: [Operation] {
        [
            Operation("getStatusPage", "GET", "/", .open, produces: [MediaType.html]) {
                (call) throws(Problem) in await self.page(call)
            },
            Operation("getStaticFile", "GET", "/static/{file}", .open, produces: self.fileTypes) {
                (call) throws(Problem) in try self.file(call)
            },
            Operation("signIn", "POST", "/login", .open, body: .form, produces: [MediaType.html]) {
                (call) throws(Problem) in try self.signIn(call)
            },
            Operation("signOut", "POST", "/logout", .open, body: .form, produces: [MediaType.html]) {
                (_) throws(Problem) in
                Self.backToPage(Self.cookie("", lifetime: 0, isTLS: false))
            },
        ]
    }

    // MARK: - Files

    private var fileTypes: [String] {
        Set(self.files.page.values.map { MediaType.essence($0.type) }).sorted()
    }

    private func file(_ call: Call) throws(Problem) -> Reply {
        let name = call.parameter("file")
        guard let file = self.files.page[name], let tag = self.tags[name] else {
            throw Problem(.notFound, "there is no file of that name")
        }
        let type = MediaType.essence(file.type)
        guard MediaType.choose(from: [type], accept: call.request.fields.values(of: "Accept")) != nil else {
            throw Problem(.notAcceptable, "this file can be had as \(type)")
        }
        let fields: HeaderFields = ["ETag": tag, "Cache-Control": "no-cache"]
        if try Preconditions(call.request.fields).isNotModified(tag) {
            return Reply(304, .none, fields: fields)
        }
        return Reply(200, .bytes(file.bytes, type: file.type), fields: fields)
    }

    // MARK: - Signing in and out

    private func signIn(_ call: Call) throws(Problem) -> Reply {
        let token = try RequestBody.form(of: call.request)["token"]?.trimmingSpaces() ?? ""
        do throws(Problem) {
            _ = try self.authenticator.checkToken(token, from: call.request.peer)
        } catch {
            return self.signedOut(error.slug.status, because: error)
        }
        return Self.backToPage(Self.cookie(token, lifetime: 43_200, isTLS: call.request.peer.isTLS))
    }

    private static func backToPage(_ cookie: String) -> Reply {
        Reply(303, .none, fields: ["Location": "/", "Set-Cookie": cookie])
    }

    /// A cookie that no script can read, that no other site's request carries, and that opens only what
    /// changes nothing.
    private static func cookie(_ value: String, lifetime seconds: Int, isTLS: Bool) -> String {
        "\(Authenticator.cookie)=\(value); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict"
            + (isTLS ? "; Secure" : "")
    }

    // MARK: - The page

    private func page(_ call: Call) async -> Reply {
        let caller: Caller
        do throws(Problem) {
            caller = try self.authenticator.caller(of: call.request)
        } catch {
            // Who brought nothing is asked, without a reproach.
            let isKnown = call.request.fields["Cookie"] != nil || call.request.fields["Authorization"] != nil
            return self.signedOut(200, because: isKnown ? error : nil)
        }
        let summary = PageSummary(answers: await self.answers(call, caller))
        let name = summary.answers.info["clusterName"]?.string ?? ""
        return self.html(200, title: "\(name) – Isthmus", session: "open", summary.piece)
    }

    private func signedOut(_ status: Int, because problem: Problem?) -> Reply {
        var sentence = problem?.detail ?? ""
        if let first = sentence.first { sentence = first.uppercased() + sentence.dropFirst() + "." }
        let piece = PagePiece("signed-out", ["problem": sentence])
        var reply = self.html(status, title: "Isthmus", session: "closed", piece)
        guard status != 200, let problem else { return reply }
        for field in problem.fields.fields { reply.fields.add(field.name, field.value) }
        if let seconds = problem.retryAfterSeconds { reply.fields.add("Retry-After", String(seconds)) }
        return reply
    }

    private func html(_ status: Int, title: String, session: String, _ body: PagePiece) -> Reply {
        var text = ""
        let piece = PagePiece("index", ["title": title, "session": session], slots: ["body": [body]])
        self.frame.fill(piece, from: self.templates, into: &text)
        return Reply(
            status,
            .bytes(Array(text.utf8), type: "text/html; charset=utf-8"),
            fields: [
                "Content-Security-Policy": Self.policy, "Cache-Control": "no-store",
                "Referrer-Policy": "no-referrer",
            ]
        )
    }

    // MARK: - The answers that it is made from

    private func answers(_ call: Call, _ caller: Caller) async -> PageAnswers {
        var answers = PageAnswers()
        answers.now = self.environment.now()
        answers.info = await self.answer("getSystemInfo", call, caller) ?? [:]
        answers.peers = .init(await self.answer("listPeers", call, caller, limit: "1000"))
        answers.services = .init(await self.answer("listGlobalServices", call, caller, limit: "1000"))
        answers.clients = .init(await self.answer("listClients", call, caller, limit: "1000"))
        answers.certificates = await self.answer("listCertificates", call, caller, limit: "1000")
            .map { .init($0) }
        answers.events = await self.events()
        return answers
    }

    /// What an operation answers to this caller; `nil` when it does not, or does not exist.
    private func answer(
        _ id: String,
        _ call: Call,
        _ caller: Caller,
        limit: String? = nil
    ) async -> DocumentValue? {
        guard let operation = self.sources[id] else { return nil }
        if case .scope(let scope) = operation.access, !caller.may(scope) { return nil }
        let inner = Call(
            request: call.request,
            parameters: [:],
            query: limit.map { ["limit": $0] } ?? [:],
            caller: caller,
            requestID: call.requestID,
            accepted: MediaType.json,
            document: nil
        )
        guard let reply = try? await operation.handler(inner), case .json(let bytes) = reply.content else {
            return nil
        }
        return try? JSONReader.read(bytes)
    }

    /// The newest events.
    private func events() async -> [DocumentValue] {
        let newest = self.environment.store.tables.resourceVersion
        var start = max(0, newest - Self.eventRows)
        let request = EventRequest(
            since: start,
            newest: newest,
            follows: false,
            format: .ndjson,
            types: nil,
            kind: nil,
            kindNames: self.kindNames
        )
        for _ in 0..<2 {
            switch try? await self.environment.store.events(after: start, limit: Int(Self.eventRows)) {
            case .events(let events)?:
                return request.text(events).split(separator: UInt8(ascii: "\n"))
                    .compactMap { try? JSONReader.read(Array($0)) }
            case .expired(let oldest)?: start = oldest - 1
            case nil: return []
            }
        }
        return []
    }
}
