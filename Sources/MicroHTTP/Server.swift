// MicroHTTP: an HTTP/1.1 server on libmicrohttpd, and the only target that knows the library.
//
// A mechanism: no routes, no JSON, no authentication. A request that is whole and within its limits becomes
// a call of one async function; a streamed answer is a function that is asked for bytes when the client can
// take them.
//
// The idea: a few threads for each server, whatever the number of clients. libmicrohttpd's thread (one for
// each listener) reads, parses and writes. While a handler runs, or a stream has nothing to send, the
// connection is suspended: it costs memory, and no thread, task or timer. The second thread (`Watchdog`)
// sees what the library does not see then: clients that hang up, and deadlines.
//
// Begin with `Exchange`, the life of a request. Pointers cross in `Callbacks.swift` and nowhere else.

package import NIOCore
import Synchronization

/// A running server: its listeners, and the daemons that accept from them.
///
/// A client that closes its sending direction before it has its answer is taken for gone.
///
/// Any thread. ``stop(grace:)`` must have returned before the last reference is let go.
package final class Server: Sendable {
    private struct Listener {
        var socket: ListeningSocket
        var daemon: Daemon
    }

    private struct State {
        var listeners: [Listener]
        var isStopped = false
    }

    /// Where the server listens, in the order of its configuration, with the ports that the system chose.
    package let addresses: [ServerConfiguration.Address]

    private let core: ServerCore
    private let state: Mutex<State>

    /// Starts listening.
    ///
    /// - Parameters:
    ///   - configuration: Where, and with which limits.
    ///   - metrics: What is counted.
    ///   - now: A clock that never goes back.
    ///   - refusalResponse: Makes the answers to requests that never reach the handler. Called on the
    ///     daemon's thread; must not block.
    ///   - handler: Finds the answer to a request. Its task is cancelled when the client hangs up or a
    ///     grace has passed; what it returns then may still be sent.
    /// - Throws: Why it cannot listen; nothing is left open then.
    package init(
        _ configuration: ServerConfiguration,
        metrics: ServerMetrics,
        now: @escaping @Sendable () -> NIODeadline,
        refusalResponse: @escaping @Sendable (Refusal) -> Response,
        handler: @escaping @Sendable (Request) async -> Response
    ) throws(ServerError) {
        precondition(!configuration.listeners.isEmpty, "a server without a listener serves nobody")
        // Everything that can be wrong with the configuration is found before a thread runs.
        var sockets: [ListeningSocket] = []
        for listener in configuration.listeners {
            if let credentials = listener.credentials { try CredentialCheck.check(credentials) }
            sockets.append(try ListeningSocket(listener.address))
        }
        let core = ServerCore(
            limits: configuration.limits,
            planBody: configuration.planBody,
            metrics: metrics,
            watchdog: try Watchdog(now: now),
            executor: try HandlerExecutor(),
            now: now,
            refusalResponse: refusalResponse,
            handler: handler
        )
        var listeners: [Listener] = []
        do throws(ServerError) {
            for (socket, listener) in zip(sockets, configuration.listeners) {
                let daemon = try Daemon(core: core, socket: socket, credentials: listener.credentials)
                listeners.append(Listener(socket: socket, daemon: daemon))
            }
        } catch {
            for listener in listeners { listener.daemon.quiesce() }
            core.watchdog.abort(listeners.map(\.daemon))
            throw error
        }
        self.core = core
        self.addresses = sockets.map(\.address)
        self.state = Mutex(State(listeners: listeners))
    }

    deinit {
        assert(self.state.withLock { $0.isStopped }, "a server must be stopped before it is let go")
    }

    /// Has new connections to the HTTPS listeners see other credentials.
    ///
    /// No connection is refused or dropped: the daemon that takes over accepts from the same socket. Open
    /// connections keep what they negotiated; those that are open after `grace` are closed. Reading the key
    /// blocks for milliseconds.
    ///
    /// - Throws: Why the credentials cannot be used; the server then goes on with the old ones.
    package func replaceCredentials(
        _ credentials: ServerConfiguration.Credentials,
        grace: Duration
    ) throws(ServerError) {
        let current = self.state.withLock { $0.isStopped ? nil : $0.listeners }
        guard let current else { throw .stopped }
        var started: [Int: Daemon] = [:]
        do throws(ServerError) {
            for (index, listener) in current.enumerated() where listener.daemon.isTLS {
                started[index] = try Daemon(
                    core: self.core,
                    socket: listener.socket,
                    credentials: credentials
                )
            }
        } catch {
            self.retire(started.values.map { $0 }, grace: grace)
            throw error
        }
        let superseded = self.state.withLock { state -> [Daemon]? in
            guard !state.isStopped else { return nil }
            return started.keys.sorted().map { index in
                let old = state.listeners[index].daemon
                if let daemon = started[index] { state.listeners[index].daemon = daemon }
                return old
            }
        }
        // Stopped meanwhile: then the new ones are those that nobody needs.
        self.retire(superseded ?? started.values.map { $0 }, grace: grace)
        if superseded == nil { throw .stopped }
    }

    /// Stops listening, lets requests finish, and returns when no connection is left.
    ///
    /// Streams end at once, when they have nothing to send; connections between two requests are closed.
    /// After `grace` handlers are cancelled and connections closed. Handlers that ignore their cancellation
    /// are not waited for; nobody gets their answer.
    package func stop(grace: Duration) async {
        let listeners = self.state.withLock { state in
            state.isStopped = true
            defer { state.listeners = [] }
            return state.listeners
        }
        self.core.isStopping.store(true, ordering: .sequentiallyConsistent)
        for listener in listeners { listener.daemon.quiesce() }
        await self.core.watchdog.finish(listeners.map(\.daemon), deadline: self.deadline(grace))
    }

    private func retire(_ daemons: [Daemon], grace: Duration) {
        for daemon in daemons { daemon.quiesce() }
        self.core.watchdog.retire(daemons, deadline: self.deadline(grace))
    }

    private func deadline(_ grace: Duration) -> UInt64 {
        (self.core.now() + TimeAmount(grace)).uptimeNanoseconds
    }
}
