import SwiftProtobuf

/// One path of the JSON gateway: which method it calls, and what its JSON means.
///
/// The method does the work exactly as for gRPC; see ``GatewayCall``.
struct GatewayRoute: Sendable {
    /// The path behind `/v3/`.
    let path: String
    let method: EtcdMethod
    let request: any Message.Type
    let response: any Message.Type
    /// Whether the body is any number of messages, each taken as soon as it has arrived.
    let takesMany: Bool

    init(
        _ path: String,
        _ method: EtcdMethod,
        _ request: any Message.Type,
        _ response: any Message.Type,
        takesMany: Bool = false
    ) {
        self.path = path
        self.method = method
        self.request = request
        self.response = response
        self.takesMany = takesMany
    }

    /// All routes (etcd `rpc.swagger.json`): a method that is served has to be in one of these lists.
    static let all =
        Self.keyValue + Self.leases + Self.operations + Self.coordination
        + Self.logins + Self.users + Self.roles

    private static let byPath = Dictionary(uniqueKeysWithValues: Self.all.map { ($0.path[...], $0) })

    /// Returns the route of a target, or `nil` when there is none.
    static func find(_ target: String) -> GatewayRoute? {
        self.path(of: target).flatMap { self.byPath[$0] }
    }

    /// Returns what follows the gateway's prefix in a target, without the query; `nil` for other targets.
    ///
    /// `/v3beta/` is an alias that etcd has kept.
    static func path(of target: String) -> Substring? {
        let path = target.prefix { $0 != "?" }
        for prefix in ["/v3/", "/v3beta/"] where path.hasPrefix(prefix) {
            return path.dropFirst(prefix.count)
        }
        return nil
    }
}
