import NIOCore
import NIOEmbedded
import RPC

/// A server connection that has not heard from its client yet.
final class FreshServer {
    let session = TestSession()
    let metrics = TestMetrics()
    let channel = EmbeddedChannel()
    let connection: RPCConnection

    init(limits: RPCLimits = RPCLimits()) throws {
        self.connection = RPCConnection(
            environment: makeEnvironment(limits, self.metrics),
            peer: RPCPeer(remoteAddress: nil, certificateChain: [], isTLS: false, connectionID: 1),
            session: self.session,
            eventLoop: self.channel.eventLoop
        )
        try self.channel.pipeline.syncOperations.addHandler(self.connection)
        self.channel.connect(to: try SocketAddress(unixDomainSocketPath: "/test"), promise: nil)
    }
}
