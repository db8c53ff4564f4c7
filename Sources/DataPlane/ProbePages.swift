package import NIOCore
import RPC
import Storage

/// A page that somebody else makes, such as the metrics.
package struct ProbePage: Sendable {
    /// Returns the page for a method and a path with its query; `nil` when there is none.
    ///
    /// On an event loop, so from memory.
    package typealias Find = @Sendable (_ method: String, _ target: String) -> ProbePage?

    let status: Int
    let contentType: String
    let body: ByteBuffer

    /// Creates a page.
    package init(status: Int, contentType: String, body: ByteBuffer) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }
}

/// The pages that etcd serves to probes: `/version`, `/health`, and what others there are.
struct ProbePages {
    let store: Store
    let others: ProbePage.Find?

    func respond(to request: HTTPRequest, on exchange: HTTPExchange) {
        let path = request.target.prefix { $0 != "?" }
        switch path {
        case "/version": self.version(request, on: exchange)
        case "/health": self.health(request, on: exchange)
        default:
            let page = self.others?(request.method, request.target)
            exchange.respond(
                status: page?.status ?? 404,
                headers: [("content-type", page?.contentType ?? "text/plain; charset=utf-8")],
                body: page?.body ?? ByteBuffer(string: "404 page not found\n")
            )
        }
    }

    private func version(_ request: HTTPRequest, on exchange: HTTPExchange) {
        guard self.isRead(request, on: exchange) else { return }
        let body =
            #"{"etcdserver":"\#(EtcdVersion.server)","etcdcluster":"\#(EtcdVersion.cluster)","#
            + #""storage":"\#(EtcdVersion.storage)"}"#
        exchange.respond(
            status: 200,
            headers: [("content-type", "application/json")],
            body: ByteBuffer(string: body)
        )
    }

    /// etcd `etcdhttp/health.go`: unhealthy while an alarm is raised that the query does not exclude.
    private func health(_ request: HTTPRequest, on exchange: HTTPExchange) {
        guard self.isRead(request, on: exchange) else { return }
        let query = request.target.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
        let excluded = Set(
            query.split(separator: "&").compactMap { item -> Substring? in
                item.hasPrefix("exclude=") ? item.dropFirst("exclude=".count) : nil
            }
        )
        let alarm = self.store.replica.current.alarms.sorted { $0.rawValue < $1.rawValue }.first {
            !excluded.contains($0.name[...])
        }
        let reason = alarm.map { "ALARM \($0.name)" } ?? ""
        exchange.respond(
            status: alarm == nil ? 200 : 503,
            headers: [("content-type", "application/json")],
            body: ByteBuffer(string: #"{"health":"\#(alarm == nil)","reason":"\#(reason)"}"#)
        )
    }

    private func isRead(_ request: HTTPRequest, on exchange: HTTPExchange) -> Bool {
        if request.method == "GET" || request.method == "HEAD" { return true }
        exchange.respond(
            status: 405,
            headers: [("allow", "GET"), ("content-type", "text/plain; charset=utf-8")],
            body: ByteBuffer(string: "Method Not Allowed\n")
        )
        return false
    }
}

/// One connection of a listener that has nothing but the pages for probes.
///
/// Bound to the connection's loop.
final class ProbeSession: RPCSession {
    private let pages: ProbePages

    init(pages: ProbePages) {
        self.pages = pages
    }

    func callUnary(_ method: Int, on stream: RPCStream, message: RawSpan) {
        stream.finish(Self.refusal)
    }

    func openStream(_ method: Int, on stream: RPCStream) -> any RPCStreamHandler {
        stream.finish(Self.refusal)
        return HealthWatchService(stream: stream)
    }

    func respond(to request: HTTPRequest, on exchange: HTTPExchange) {
        self.pages.respond(to: request, on: exchange)
    }

    func connectionClosed() {}

    private static let refusal = RPCStatus(
        code: .unimplemented,
        message: "isthmus: only metrics and health are served here"
    )
}
