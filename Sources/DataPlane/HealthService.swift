import EtcdAPI
import FoundationEssentials
import NIOCore
import RPC
import Storage
import SwiftProtobuf

/// grpc.health.v1, and what the client port answers to plain HTTP.
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
        exchange.commonHeaders = self.crossOriginHeaders
        if request.method == "OPTIONS" {
            exchange.respond(status: 200, body: ByteBuffer())
        } else if self.isGateway(request) {
            self.callGateway(request, on: exchange)
        } else {
            let pages = ProbePages(store: self.services.store, others: self.services.configuration.probes)
            pages.respond(to: request, on: exchange)
        }
    }

    /// What every answer to plain HTTP carries: what etcd sends by default, or nothing.
    var crossOriginHeaders: [(name: String, value: String)] {
        guard self.services.configuration.allowsAnyOrigin else { return [] }
        return [
            ("access-control-allow-headers", "accept, content-type, authorization"),
            ("access-control-allow-methods", "POST, GET, OPTIONS, PUT, DELETE"),
            ("access-control-allow-origin", "*"),
        ]
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
