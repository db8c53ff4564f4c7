import CMicroHTTPD
import CoreMetrics
import Glibc
import Synchronization

/// One libmicrohttpd daemon on one listening socket, with a thread and unchangeable TLS credentials.
///
/// Owned by the server until it is retired, and by the watchdog until it is stopped. Retained by itself
/// while it runs, for the callbacks. Any thread; unchecked because of the handle, which is set before
/// anybody else knows the daemon.
@safe final class Daemon: @unchecked Sendable {
    let core: ServerCore
    let isTLS: Bool
    private let isUnix: Bool
    /// A duplicate of the listener's, for two daemons listen during a handover.
    private let socket: Int32
    private var handle: OpaquePointer?
    private let openConnections = Atomic(0)
    private let isRetired = Atomic(false)
    private let forced = Atomic(false)
    private let hasGivenWay = Atomic(false)

    /// Whether no connection is open.
    var isIdle: Bool { self.openConnections.load(ordering: .sequentiallyConsistent) == 0 }
    /// Whether requests are no longer begun.
    var isForced: Bool { self.forced.load(ordering: .sequentiallyConsistent) }

    /// Starts a daemon.
    init(
        core: ServerCore,
        socket: ListeningSocket,
        credentials: ServerConfiguration.Credentials?
    ) throws(ServerError) {
        self.core = core
        self.isTLS = credentials != nil
        self.isUnix = socket.isUnix
        if let credentials { try CredentialCheck.check(credentials) }
        self.socket = try socket.duplicate()
        let context = unsafe Unmanaged.passRetained(self)
        unsafe self.handle = DaemonOptions.start(
            socket: self.socket,
            limits: core.limits,
            credentials: credentials,
            context: context.toOpaque()
        )
        guard unsafe self.handle != nil else {
            unsafe context.release()
            throw .daemonRefused
        }
    }

    deinit { unsafe assert(self.handle == nil, "a daemon must be stopped before it is let go") }

    // MARK: - The end

    /// Accepts no more connections; those that are open go on.
    func quiesce() {
        self.isRetired.store(true, ordering: .sequentiallyConsistent)
        if let handle = unsafe self.handle { _ = unsafe MHD_quiesce_daemon(handle) }
    }

    /// Begins no more requests.
    func force() { self.forced.store(true, ordering: .sequentiallyConsistent) }

    /// Joins the library's thread.
    ///
    /// Blocks. The daemon was quiesced and its suspended connections resumed: the library must not be
    /// stopped with any.
    func stop() {
        guard let handle = unsafe self.handle else { return }
        unsafe MHD_stop_daemon(handle)
        unsafe self.handle = nil
        _ = Glibc.close(self.socket)
        unsafe Unmanaged.passUnretained(self).release()
    }

    // MARK: - The daemon's thread

    /// Whether a connection from the address is within the limits.
    func accepts(_ key: AddressKey?) -> Bool {
        // The library starts its thread; this is the first that we see of it.
        if !self.hasGivenWay.exchange(true, ordering: .relaxed) { ThreadPriority.giveWay() }
        let counts = self.core.watchdog.counts(key)
        if counts.all >= self.core.limits.connections {
            self.core.metrics.count(.connections)
            return false
        }
        if counts.ofAddress >= self.core.limits.connectionsPerAddress {
            self.core.metrics.count(.connectionsPerAddress)
            return false
        }
        return true
    }

    /// Notes that a connection was accepted.
    func open(_ handle: OpaquePointer) -> Connection {
        let socket = unsafe cmhd_socket(handle)
        var key: AddressKey?
        var origin = Peer.Origin.unix(user: nil)
        if self.isUnix {
            origin = .unix(user: ListeningSocket.userOfPeer(socket))
        } else if let address = unsafe cmhd_client_address(handle) {
            unsafe key = AddressKey(address)
            origin = unsafe AddressKey.origin(of: address) ?? .tcp(address: "", port: 0)
        }
        self.openConnections.add(1, ordering: .sequentiallyConsistent)
        let (connection, count) = self.core.watchdog.add(socket: socket) { id in
            Connection(id: id, daemon: self, socket: socket, addressKey: key, origin: origin)
        }
        self.core.metrics.connectionsAccepted.increment()
        self.core.metrics.connections.set(count)
        connection.expect(.head, within: self.core.headNanoseconds)
        return connection
    }

    /// Notes that a connection's socket is about to be closed.
    func close(_ connection: Connection) {
        let count = self.core.watchdog.remove(connection, socket: connection.close())
        self.core.metrics.connections.set(count)
        self.openConnections.subtract(1, ordering: .sequentiallyConsistent)
        if self.isRetired.load(ordering: .sequentiallyConsistent) { self.core.watchdog.ring() }
    }
}
