package import NIOCore
import NIOHTTP1

/// An answer of the health listener.
package struct HealthResponse: Sendable, Equatable {
    var status: HTTPResponseStatus
    /// The media type of the body.
    package var contentType = "text/plain; charset=utf-8"
    /// The text.
    package var body: ByteBuffer
    /// The number of the status.
    package var statusCode: Int { Int(self.status.code) }

    init(_ status: HTTPResponseStatus, _ text: String) {
        self.status = status
        self.body = ByteBuffer(string: text)
    }
}

/// What the health listener answers.
///
/// Knows no sockets.
///
/// The paths and texts are those of Kubernetes' and etcd's health endpoints: `/livez` asks the checks of
/// liveness, `/readyz` and `/healthz` all checks, `/livez/<name>` one of them; `?verbose` lists them,
/// `?exclude=<name>` leaves one out.
package struct HealthRoutes: Sendable {
    private let checks: [HealthCheck]
    private let metrics: @Sendable () -> ByteBuffer

    /// Creates the routes.
    ///
    /// - Parameters:
    ///   - checks: What the answers are made of, in the order in which they are listed.
    ///   - metrics: Renders the metrics.
    package init(checks: [HealthCheck], metrics: @escaping @Sendable () -> ByteBuffer) {
        self.checks = checks
        self.metrics = metrics
    }

    /// Returns the answer to a request for `target`, a path with an optional query; any thread.
    package func response(method: String, target: String) -> HealthResponse {
        self.response(to: HTTPMethod(rawValue: method), target)
    }

    /// Returns the answer to a request for `uri`, a path with an optional query.
    func response(to method: HTTPMethod, _ uri: String) -> HealthResponse {
        guard method == .GET || method == .HEAD else {
            return HealthResponse(.methodNotAllowed, "Method Not Allowed\n")
        }
        let parts = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let elements = parts[0].split(separator: "/", omittingEmptySubsequences: false)
        let query = parts.count > 1 ? Self.parameters(of: parts[1]) : []
        guard elements.count >= 2, elements[0].isEmpty else { return Self.notFound }
        switch (elements[1], elements.count) {
        case ("metrics", 2):
            var response = HealthResponse(.ok, "")
            response.contentType = MetricsRegistry.contentType
            response.body = self.metrics()
            return response
        case ("livez", 2):
            return self.report("livez", self.checks.filter { $0.scope == .liveness }, query)
        case ("readyz", 2), ("healthz", 2):
            return self.report(elements[1], self.checks, query)
        case ("livez", 3), ("readyz", 3), ("healthz", 3):
            let isLiveness = elements[1] == "livez"
            let named = self.checks.filter { check in
                check.name == elements[2] && (!isLiveness || check.scope == .liveness)
            }
            return named.isEmpty ? Self.notFound : self.report(elements[1], named, query)
        default:
            return Self.notFound
        }
    }

    private static let notFound = HealthResponse(.notFound, "404 page not found\n")

    private func report(
        _ title: Substring,
        _ checks: [HealthCheck],
        _ query: [(name: Substring, value: Substring)]
    ) -> HealthResponse {
        let excluded = query.filter { $0.name == "exclude" && !$0.value.isEmpty }.map(\.value)
        var listing = ""
        var isHealthy = true
        for check in checks {
            if excluded.contains(where: { $0 == check.name }) {
                listing += "[+]\(check.name) excluded: ok\n"
                continue
            }
            switch check.verdict() {
            case .healthy: listing += "[+]\(check.name) ok\n"
            case .unhealthy(let reason):
                isHealthy = false
                listing += "[-]\(check.name) failed: \(Self.onOneLine(reason))\n"
            }
        }
        let unknown = excluded.filter { name in !checks.contains { $0.name == name } }
        if !unknown.isEmpty {
            let names = unknown.map { Self.onOneLine(String($0)) }.joined(separator: ", ")
            listing += "warn: some health checks cannot be excluded: no matches for \(names)\n"
        }
        guard isHealthy else {
            return HealthResponse(.serviceUnavailable, listing + "\(title) check failed\n")
        }
        let isVerbose = query.contains { $0.name == "verbose" }
        return HealthResponse(.ok, isVerbose ? listing + "\(title) check passed\n" : "ok\n")
    }

    private static func parameters(of query: Substring) -> [(name: Substring, value: Substring)] {
        query.split(separator: "&").map { parameter in
            let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (parts[0], parts.count > 1 ? parts[1] : "")
        }
    }

    /// One check is one line, whatever its reason says.
    private static func onOneLine(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }
}
