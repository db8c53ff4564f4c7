import AccessControl
import EtcdAPI
import MVCC
import NIOCore
import NIOPosix
import RPC
import Storage

/// KV: reads answer in the turn that asked, writes when the commit thread has decided.
extension EtcdSession {
    func range(_ message: RawSpan, on stream: RPCStream) {
        guard let request = FastRangeRequest.decode(message) else {
            stream.finish(EtcdStatus.malformed)
            return
        }
        if request.isPlainLookup {
            let isAllowed =
                self.isAdministrator(stream)
                || self.access(stream) { $0.allowsRead(KeyRange(ByteBuffer(message, request.key))) } != nil
            guard isAllowed else { return }
            self.lookUp(
                message.extracting(request.key),
                keysOnly: request.keysOnly,
                countOnly: request.countOnly,
                on: stream
            )
            return
        }
        do throws(StoreError) {
            let query = try RangeQuery(request, of: message)
            try query.validate()
            guard self.access(stream, { $0.allowsRead(query.range) }) != nil else { return }
            try self.answer(query, on: stream)
        } catch {
            self.fail(error, on: stream)
        }
    }

    /// The hot path: one key at the head.
    private func lookUp(_ key: RawSpan, keysOnly: Bool, countOnly: Bool, on stream: RPCStream) {
        let snapshot = self.snapshot
        guard !snapshot.isCorrupt else {
            self.fail(.corrupt, on: stream)
            return
        }
        let keyspace = snapshot.keyspace
        let record = keyspace.newest(key)
        let header = self.services.header(keyspace.revision)
        let records = record.map { countOnly ? [] : [$0] } ?? []
        let result = RangeResult(records: records, count: record == nil ? 0 : 1, more: false)
        RangeAnswer(header: header, result: result, keysOnly: keysOnly).send(on: stream)
    }

    private func answer(_ query: RangeQuery, on stream: RPCStream) throws(StoreError) {
        let snapshot = self.snapshot
        guard !snapshot.isCorrupt else { throw .corrupt }
        let keyspace = snapshot.keyspace
        try keyspace.checkReadable(query.revision)
        let header = self.services.header(keyspace.revision)
        let limit = self.services.configuration.maximumResponseBytes
        guard keyspace.mayBeLong(query, over: self.services.configuration.inlineRecords) else {
            let result = try keyspace.range(query)
            try RangeAnswer(header: header, result: result, keysOnly: query.keysOnly).send(
                on: stream,
                limit: limit
            )
            return
        }
        // A long range is collected and encoded on another thread, over the same immutable snapshot.
        let task = NIOSingletons.posixBlockingThreadPool.runIfActive(eventLoop: stream.eventLoop) {
            () -> Result<ByteBuffer, StoreError> in
            do throws(StoreError) {
                let result = try keyspace.range(query)
                let answer = RangeAnswer(header: header, result: result, keysOnly: query.keysOnly)
                return .success(try answer.encoded(limit: limit))
            } catch {
                return .failure(error)
            }
        }
        task.assumeIsolated().whenComplete { outcome in
            switch outcome {
            case .success(.success(let message)): stream.respond(message)
            case .success(.failure(let error)): self.fail(error, on: stream)
            case .failure: self.fail(.stopped, on: stream)
            }
            stream.connection.flushSoon()
        }
    }

    func put(_ message: RawSpan, on stream: RPCStream) {
        guard let request = FastPutRequest.decode(message) else {
            stream.finish(EtcdStatus.malformed)
            return
        }
        do throws(StoreError) {
            let put = Put(request, of: message)
            try put.validate()
            try self.checkSize(message)
            guard let access = self.access(stream, { $0.allows(put) }) else { return }
            let proposal = put.lease == 0 ? Proposal.put(put) : access.limit(.put(put))
            self.propose(proposal, on: stream) { outcome in
                guard case .put(let previous, let revision) = outcome else { return }
                PutAnswer(header: self.services.header(revision), previous: previous).send(on: stream)
            }
        } catch {
            self.fail(error, on: stream)
        }
    }

    func deleteRange(_ message: RawSpan, on stream: RPCStream) {
        guard let wire = self.decode(message, as: Etcdserverpb_DeleteRangeRequest.self, on: stream) else {
            return
        }
        do throws(StoreError) {
            let request = DeleteRange(wire)
            try request.validate()
            try self.checkSize(message)
            guard self.access(stream, { $0.allows(request) }) != nil else { return }
            self.propose(.deleteRange(request), on: stream) { outcome in
                guard case .deleteRange(let deleted, let revision) = outcome else { return }
                let header = self.services.header(revision)
                let previous = request.wantsPrevious ? deleted : []
                DeleteRangeAnswer(header: header, deleted: deleted.count, previous: previous).send(on: stream)
            }
        } catch {
            self.fail(error, on: stream)
        }
    }

    func txn(_ message: RawSpan, on stream: RPCStream) {
        guard let wire = self.decode(message, as: Etcdserverpb_TxnRequest.self, on: stream) else { return }
        do throws(StoreError) {
            // The number of operations is checked before they are converted, and the size last (etcd's
            // order).
            let transaction = try Transaction(
                wire,
                operationLimit: self.services.configuration.maximumOperations
            )
            try transaction.validate(operationLimit: self.services.configuration.maximumOperations)
            try self.checkSize(message)
            guard let access = self.access(stream, { $0.allows(transaction) }) else { return }
            if transaction.isReadOnly {
                let snapshot = self.snapshot
                guard !snapshot.isCorrupt else { throw .corrupt }
                let outcome = try snapshot.keyspace.evaluate(readOnly: transaction)
                self.respond(self.response(outcome), on: stream)
                return
            }
            self.propose(access.limit(.transaction(transaction)), on: stream) { outcome in
                guard case .transaction(let outcome) = outcome else { return }
                self.respond(self.response(outcome), on: stream)
            }
        } catch {
            self.fail(error, on: stream)
        }
    }

    func compact(_ message: RawSpan, on stream: RPCStream) {
        guard self.requireAdministrator(stream),
            let request = self.decode(message, as: Etcdserverpb_CompactionRequest.self, on: stream)
        else { return }
        self.propose(.compact(through: request.revision, isPhysical: request.physical), on: stream) {
            outcome in
            guard case .done(let revision) = outcome else { return }
            var response = Etcdserverpb_CompactionResponse()
            response.header = self.services.header(revision).message
            self.respond(response, on: stream)
        }
    }

    func checkSize(_ message: RawSpan) throws(StoreError) {
        let limit = self.services.configuration.maximumRequestBytes
        guard message.byteCount <= limit else { throw .requestTooLarge(limit: limit) }
    }

    private func response(_ outcome: TransactionOutcome) -> Etcdserverpb_TxnResponse {
        var response = Etcdserverpb_TxnResponse(outcome)
        response.header = self.services.header(outcome.revision).message
        return response
    }
}

extension Keyspace {
    /// Whether answering takes longer than a turn of an event loop should.
    func mayBeLong(_ query: RangeQuery, over limit: Int) -> Bool {
        if case .single = query.range.end { return false }
        let isCutShort = query.limit > 0 && query.limit <= limit && !query.hasFilters && query.isInKeyOrder
        return !isCutShort && self.keyCount > limit && self.count(query.range, at: self.revision) > limit
    }
}
