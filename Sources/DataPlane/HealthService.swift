import EtcdAPI
import FoundationEssentials
import NIOCore
import RPC
import Storage
import SwiftProtobuf

/// grpc.health.v1, and the two pages that etcd serves to probes on its client port.
extension EtcdSession {
    func checkHealth(_ message: RawSpan, on stream: RPCStream) {
        guard let request = self.decode(message, as: Grpc_Health_V1_HealthCheckRequest.self, on: stream)
        else { return }
        guard request.service.isEmpty else {
            stream.finish(EtcdStatus.unknownHealthService)
            return
        }
        var response = Grpc_Health_V1_HealthCheckResponse()
        response.status = .serving
        self.respond(response, on: stream)
    }

    func respond(to request: HTTPRequest, on exchange: HTTPExchange) {
        exchange.commonHeaders = Self.crossOriginHeaders
        let path = request.target.prefix { $0 != "?" }
        switch path {
        case _ where request.method == "OPTIONS": exchange.respond(status: 200, body: ByteBuffer())
        case "/version": self.version(request, on: exchange)
        case "/health": self.health(request, on: exchange)
        case _ where self.isGateway(request): self.callGateway(request, on: exchange)
        default:
            exchange.respond(
                status: 404,
                headers: [("content-type", "text/plain; charset=utf-8")],
                body: ByteBuffer(string: "404 page not found\n")
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
        let alarm = self.snapshot.alarms.sorted { $0.rawValue < $1.rawValue }.first {
            !excluded.contains($0.name[...])
        }
        let reason = alarm.map { "ALARM \($0.name)" } ?? ""
        exchange.respond(
            status: alarm == nil ? 200 : 503,
            headers: [("content-type", "application/json")],
            body: ByteBuffer(string: #"{"health":"\#(alarm == nil)","reason":"\#(reason)"}"#)
        )
    }

    /// As etcd's default, pages of any origin may ask.
    static let crossOriginHeaders = [
        (name: "access-control-allow-headers", value: "accept, content-type, authorization"),
        (name: "access-control-allow-methods", value: "POST, GET, OPTIONS, PUT, DELETE"),
        (name: "access-control-allow-origin", value: "*"),
    ]

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

/// A health watch: says once that we serve, and ends with the connection.
final class HealthWatchService: RPCStreamHandler {
    private let stream: RPCStream

    init(stream: RPCStream) {
        self.stream = stream
    }

    func receive(_ message: RawSpan) {
        var response = Grpc_Health_V1_HealthCheckResponse()
        let bytes = message.withUnsafeBytes { [UInt8]($0) }
        guard let request = try? Grpc_Health_V1_HealthCheckRequest(serializedBytes: bytes) else {
            self.stream.finish(EtcdStatus.malformed)
            return
        }
        // A service that does not exist may come to be later, so the stream stays open (gRPC health checking
        // protocol).
        response.status = request.service.isEmpty ? .serving : .serviceUnknown
        // A message without required fields always encodes.
        guard let encoded: [UInt8] = try? response.serializedBytes() else { return }
        self.stream.send(ByteBuffer(bytes: encoded))
    }

    func receiveEnd() {}

    func streamBecameWritable() {}

    func streamClosed() {}
}
