// AdminPlane: the REST API of the mesh and its status page.
//
// What it is: operations (method, path, scope, handler) over the objects in `Persistence`'s admin store, and
// the reconcilers that carry published objects into the key-value store. What it is not: it knows no data
// plane and no mirror; what it shows of them comes through closures in `AdminEnvironment`.
//
// The idea: every request takes the same way (this file): who asks, which operation, may they, can the answer
// be had in a form that the client takes, is the body a document. Handlers see only what passed all of it,
// and answer with a value or throw a `Problem`, which is worded in `Problem.swift` and nowhere else.
//
// Begin here, then `StoredObjects`, the life of an object.

package import CoreMetrics
import Documents
import MeshResources
package import MicroHTTP
import NIOCore
import Persistence

/// Answers the requests of the admin plane.
///
/// Any thread.
package struct AdminService: Sendable {
    /// What there is to call.
    package let routes: RouteTable
    private let environment: AdminEnvironment
    private let authenticator: Authenticator
    private let metrics: AdminMetrics

    /// Creates the service of these operations.
    init(
        _ operations: [Operation],
        environment: AdminEnvironment,
        authenticator: Authenticator,
        metrics: AdminMetrics
    ) {
        self.routes = RouteTable(operations)
        self.environment = environment
        self.authenticator = authenticator
        self.metrics = metrics
    }

    /// Answers a request.
    package func respond(to request: Request) async -> Response {
        let requestID = self.requestID(of: request)
        var response: Response
        do throws(Problem) {
            response = try await self.run(request, requestID)
        } catch {
            self.metrics.count(error.slug)
            response = error.response(requestID: requestID)
        }
        response.fields.add("X-Request-Id", requestID)
        Self.addCommonFields(to: &response, isAPI: Self.isAPI(request))
        return response
    }

    /// Answers what libmicrohttpd or the limits refuse before there is a request.
    package func respond(to refusal: Refusal) -> Response {
        let problem = Problem(refusal)
        self.metrics.count(problem.slug)
        let requestID = self.environment.newUUID()
        var response = problem.response(requestID: requestID)
        response.fields.add("X-Request-Id", requestID)
        Self.addCommonFields(to: &response, isAPI: true)
        return response
    }

    /// Decides what becomes of a request's body.
    ///
    /// Only who may call an operation can send it more than any request may have: what is refused must not
    /// cost memory or disk first.
    package func planBody(of request: Request) -> BodyPlan {
        let standard = BodyPlan.memory(limit: ServerLimits().bodyBytes)
        guard let operation = self.routes.match(request.target.segments)?.operations[request.method],
            operation.bodyLimit > 0, case .scope(let scope) = operation.access,
            self.authenticator.may(request, scope)
        else { return standard }
        guard case .file = operation.body else { return .memory(limit: operation.bodyLimit) }
        guard let file = self.environment.scratch.makeFile() else { return .refuse(.overloaded) }
        return .sink(file, limit: operation.bodyLimit)
    }

    // MARK: - The way of a request

    private func run(_ request: Request, _ requestID: String) async throws(Problem) -> Response {
        // Without credentials nobody learns which paths there are.
        let isOpen = self.isOpen(request)
        let caller = Self.isAPI(request) && !isOpen ? try self.authenticator.caller(of: request) : nil
        let (operation, parameters) = try self.operation(for: request)
        if case .scope(let scope) = operation.access {
            guard let caller else { throw Problem(.internal, "the operation needs a caller") }
            guard caller.may(scope) else {
                throw Problem(
                    .forbidden,
                    "this needs the scope \(scope.rawValue); \(caller.name) has "
                        + caller.scopes.map(\.rawValue).joined(separator: ", ")
                )
            }
        }
        let query = try Self.query(of: request, operation)
        let offered = operation.produces
        guard let accepted = MediaType.choose(from: offered, accept: request.fields.values(of: "Accept"))
        else {
            throw Problem(.notAcceptable, "this can be had as \(offered.joined(separator: ", "))")
        }
        let call = Call(
            request: request,
            parameters: parameters,
            query: query,
            caller: caller,
            requestID: requestID,
            accepted: accepted,
            document: try RequestBody.document(of: request, for: operation)
        )
        let reply = try await operation.handler(call)
        self.metrics.count(operation.id, status: reply.status)
        return try self.response(reply, accepted: accepted)
    }

    /// Whether the request is for something that everyone may have, such as a bundle of roots.
    private func isOpen(_ request: Request) -> Bool {
        guard let match = self.routes.match(request.target.segments) else { return false }
        return match.operations.values.allSatisfy { $0.access == .open }
    }

    private func operation(for request: Request) throws(Problem) -> (Operation, [String: String]) {
        guard let match = self.routes.match(request.target.segments) else {
            throw Problem(.notFound, "there is nothing at \(request.target.rawPath)")
        }
        let method = request.method == "HEAD" ? "GET" : request.method
        if let operation = match.operations[method] { return (operation, match.parameters) }
        var methods = match.operations.keys.sorted()
        if methods.contains("GET") { methods.append("HEAD") }
        var problem = Problem(
            .methodNotAllowed,
            "\(request.method) is not one of \(methods.joined(separator: ", "))"
        )
        problem.fields.add("Allow", methods.joined(separator: ", "))
        throw problem
    }

    private static func query(
        of request: Request,
        _ operation: Operation
    ) throws(Problem) -> [String: String] {
        var query: [String: String] = [:]
        for pair in request.target.query {
            guard operation.query.contains(pair.name) else {
                let known = operation.query.sorted().joined(separator: ", ")
                throw Problem(
                    .invalidParameter,
                    "the parameter \(pair.name) is not known here",
                    hint: operation.query.isEmpty ? "there are no parameters" : "known: \(known)"
                )
            }
            guard query.updateValue(pair.value, forKey: pair.name) == nil else {
                throw Problem(.invalidParameter, "the parameter \(pair.name) comes twice")
            }
        }
        return query
    }

    private func response(_ reply: Reply, accepted: String) throws(Problem) -> Response {
        var response = Response(status: reply.status, fields: reply.fields)
        switch reply.content {
        case .none: break
        case .json(let bytes) where accepted == MediaType.yaml:
            var limits = DocumentLimits()
            limits.values = max(limits.values, bytes.count)
            guard let document = try? JSONReader.read(bytes, limits: limits) else {
                throw Problem(.internal, "the answer is not JSON")
            }
            response.fields.add("Content-Type", MediaType.yaml)
            response.body = .bytes(ByteBuffer(bytes: YAMLWriter.write(document)))
        case .json(let bytes):
            response.fields.add("Content-Type", MediaType.json)
            var buffer = ByteBuffer(bytes: bytes)
            buffer.writeInteger(UInt8(ascii: "\n"))
            response.body = .bytes(buffer)
        case .bytes(let bytes, let type):
            response.fields.add("Content-Type", type)
            response.body = .bytes(ByteBuffer(bytes: bytes))
        case .stream(let stream, let type):
            response.fields.add("Content-Type", type)
            response.body = .stream(stream)
        }
        return response
    }

    // MARK: - What every answer has

    private func requestID(of request: Request) -> String {
        guard let given = request.fields["X-Request-Id"], (1...128).contains(given.utf8.count),
            given.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return self.environment.newUUID() }
        return given
    }

    private static func isAPI(_ request: Request) -> Bool { request.target.segments.first == "api" }

    private static func addCommonFields(to response: inout Response, isAPI: Bool) {
        response.fields.add("X-Content-Type-Options", "nosniff")
        if isAPI, response.fields["Cache-Control"] == nil { response.fields.add("Cache-Control", "no-store") }
    }
}

/// The metrics of the operations.
package struct AdminMetrics: Sendable {
    private static let classes = ["2xx", "3xx", "4xx", "5xx"]

    private let answers: [String: [Counter]]
    private let problems: [Problem.Slug: Counter]

    /// Makes the handles.
    package init(operations: [String], factory: any MetricsFactory) {
        var answers: [String: [Counter]] = [:]
        for operation in operations {
            answers[operation] = Self.classes.map { name in
                Counter(
                    label: "isthmus_admin_operations_total",
                    dimensions: [("operation", operation), ("code", name)],
                    factory: factory
                )
            }
        }
        self.answers = answers
        var problems: [Problem.Slug: Counter] = [:]
        for slug in Problem.Slug.allCases {
            problems[slug] = Counter(
                label: "isthmus_admin_problems_total",
                dimensions: [("type", slug.rawValue)],
                factory: factory
            )
        }
        self.problems = problems
    }

    func count(_ operation: String, status: Int) {
        guard let counters = self.answers[operation], (200...599).contains(status) else { return }
        counters[status / 100 - 2].increment()
    }

    func count(_ slug: Problem.Slug) { self.problems[slug]?.increment() }
}
