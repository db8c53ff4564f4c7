import AccessControl
import MVCC
import NIOCore
import NIOPosix
import RPC
import Storage

/// What the calls of the lock and election services share.
extension EtcdSession {
    /// Calls `body` with a lease: the one that is given, or for zero a new one of a minute, as etcd does.
    func withLease(_ lease: Int64, on stream: RPCStream, _ body: @escaping (Int64) -> Void) {
        guard lease == 0 else { return body(lease) }
        var caller = Caller(of: stream, self)
        guard self.relayedAccess(&caller, on: stream, { $0.mayUseLeases }) != nil else { return }
        self.proposeRelayed(.grant(lease: 0, timeToLive: .seconds(60)), on: stream) { outcome in
            guard case .granted(let lease, _) = outcome else { return }
            body(lease.id)
        }
    }

    /// Finds the first record of a query in the newest state, on another thread if that takes long.
    ///
    /// Calls `body` on the loop, perhaps before this returns.
    func findFirst(
        _ query: RangeQuery,
        on stream: RPCStream,
        then body: @escaping (Record?, Keyspace) -> Void
    ) {
        let snapshot = self.snapshot
        guard !snapshot.isCorrupt else {
            stream.finish(EtcdStatus.relayed(EtcdStatus.status(StoreError.corrupt)))
            return
        }
        let keyspace = snapshot.keyspace
        guard keyspace.mayBeLong(query, over: self.services.configuration.inlineRecords) else {
            return body(keyspace.first(query), keyspace)
        }
        let task = NIOSingletons.posixBlockingThreadPool.runIfActive(eventLoop: stream.eventLoop) {
            keyspace.first(query)
        }
        task.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let record): body(record, keyspace)
            case .failure: stream.finish(EtcdStatus.relayed(EtcdStatus.status(StoreError.stopped)))
            }
            stream.connection.flushSoon()
        }
    }

    /// Whether a change of users may take the rights of a call.
    func isRevocable(_ stream: RPCStream) -> Bool { !self.hasBuiltInRights || stream.token != nil }

    /// Why the caller may not do what `isAllowed` asks while these are the users, if so.
    func refusal(
        of caller: inout Caller,
        in auth: AuthState,
        _ isAllowed: (Authorization) -> Bool
    ) -> RPCStatus? {
        do throws(AuthError) {
            let authorization = try caller.authorization(in: auth)
            let isFine = authorization.isAdministrator || isAllowed(authorization)
            return isFine ? nil : EtcdStatus.permissionDenied
        } catch {
            return EtcdStatus.status(error)
        }
    }

    /// Returns what the call may do if `isAllowed`; otherwise ends it, in the words of etcd's own client.
    func relayedAccess(
        _ caller: inout Caller,
        on stream: RPCStream,
        _ isAllowed: (Authorization) -> Bool
    ) -> Access? {
        if self.isAdministrator(stream) { return .everything }
        do throws(AuthError) {
            let authorization = try caller.authorization(in: self.snapshot.auth)
            if authorization.isAdministrator { return .everything }
            if isAllowed(authorization) { return .limited(authorization.permissions) }
            stream.finish(EtcdStatus.relayed(EtcdStatus.permissionDenied))
        } catch {
            stream.finish(EtcdStatus.relayed(EtcdStatus.status(error)))
        }
        return nil
    }

    /// Proposes, and hands the outcome to `body`; a failure ends the call, in the words of etcd's own client.
    ///
    /// Later, on the loop, and also when the call has ended meanwhile.
    func proposeRelayed(
        _ proposal: Proposal,
        on stream: RPCStream,
        then body: @escaping (ProposalOutcome) -> Void
    ) {
        self.services.store.submit(proposal, from: self.services.port) { result in
            switch result {
            case .success(.denied): stream.finish(EtcdStatus.relayed(EtcdStatus.permissionDenied))
            case .success(let outcome): body(outcome)
            case .failure(let error): stream.finish(EtcdStatus.relayed(EtcdStatus.status(error)))
            }
            stream.connection.flushSoon()
        }
    }
}

extension Keyspace {
    /// The first record of a query at the newest revision, which is always readable.
    fileprivate func first(_ query: RangeQuery) -> Record? {
        (try? self.range(query))?.records.first
    }
}
