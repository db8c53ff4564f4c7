import NIOCore
import RPC

/// The paths of the JSON gateway.
///
/// A call of the gateway speaks for whom its connection's certificate or its token names, like any other.
/// (etcd's gateway is a client of its own: it ignores certificates, and refuses to be asked with one.)
extension EtcdSession {
    /// Whether a request is for the gateway.
    func isGateway(_ request: HTTPRequest) -> Bool {
        self.services.configuration.servesGateway && GatewayRoute.path(of: request.target) != nil
    }

    func bodyHandler(for request: HTTPRequest, on exchange: HTTPExchange) -> (any HTTPBodyHandler)? {
        guard request.method == "POST", self.isGateway(request),
            let route = GatewayRoute.find(request.target), route.takesMany
        else { return nil }
        exchange.commonHeaders = self.crossOriginHeaders
        return self.call(route, request, on: exchange)
    }

    /// Answers a request for the gateway whose body is complete.
    func callGateway(_ request: HTTPRequest, on exchange: HTTPExchange) {
        guard let route = GatewayRoute.find(request.target) else {
            self.refuse(EtcdStatus.unknownPath, on: exchange)
            return
        }
        guard request.method == "POST" else {
            self.refuse(EtcdStatus.wrongHTTPMethod, on: exchange)
            return
        }
        self.call(route, request, on: exchange).call(with: request.body)
    }

    private func call(
        _ route: GatewayRoute,
        _ request: HTTPRequest,
        on exchange: HTTPExchange
    ) -> GatewayCall {
        let limit = self.services.configuration.transportLimits.maxBodyBytes
        return GatewayCall(route, request, on: exchange, bodyLimit: limit)
    }

    private func refuse(_ status: RPCStatus, on exchange: HTTPExchange) {
        exchange.respond(
            status: GatewayJSON.httpStatus(of: status.code).code,
            headers: [("content-type", "application/json")],
            body: GatewayJSON.failure(status)
        )
    }
}
