import NIOCore
import NIOPosix

/// Tells the program that started this one that it is ready, if that asked for it (systemd's `sd_notify`).
enum InitDaemon {
    /// Sends the message; does nothing when nobody waits for one.
    static func notifyReady(environment: [String: String], group: any EventLoopGroup) async {
        guard let path = environment["NOTIFY_SOCKET"], path.hasPrefix("/") else { return }
        do {
            let channel = try await DatagramBootstrap(group: group).connect(unixDomainSocketPath: path).get()
            try await channel.writeAndFlush(ByteBuffer(string: "READY=1"))
            try await channel.close()
        } catch {
            // Nobody can be told of a failure who would be told by this.
            return
        }
    }
}
