import EtcdAPI
import Foundation
import SwiftProtobuf

/// The calls of clients, recorded.
extension World {
    /// Makes a unary call; `answer` says what its response means.
    func call<Response: Message>(
        _ request: Operation.Request,
        by line: Line,
        _ path: String,
        _ message: some Message,
        _ type: Response.Type,
        answer: @escaping (Response) -> (Etcdserverpb_ResponseHeader, Operation.Answer),
        then completion: @escaping (Operation.Outcome) -> Void = { _ in }
    ) {
        guard let client = line.ready else { return completion(.unknown) }
        let number = self.recorder.begin(request, by: line.name, life: self.life, now: self.now)
        client.call(path, message) { [unowned self] (response: Response?, end) in
            var outcome = Operation.Outcome.unknown
            if let response {
                let (header, answer) = answer(response)
                self.recorder.note(header)
                outcome = .done(answer, revision: header.revision)
            } else if case .status(let code, let text) = end, code != 0 {
                outcome = .refused(code: code, message: text)
            }
            self.recorder.end(number, outcome)
            completion(outcome)
        }
    }

    func put(
        _ key: String,
        _ value: String,
        lease: Int64 = 0,
        by line: Line,
        then completion: @escaping (Operation.Outcome) -> Void = { _ in }
    ) {
        var request = Etcdserverpb_PutRequest()
        request.key = Data(key.utf8)
        request.value = Data(value.utf8)
        request.lease = lease
        request.prevKv = true
        self.call(
            .put(key: key, value: value, lease: lease),
            by: line,
            "/etcdserverpb.KV/Put",
            request,
            Etcdserverpb_PutResponse.self,
            answer: { ($0.header, .put(previous: $0.hasPrevKv ? SentEvent($0.prevKv) : nil)) },
            then: completion
        )
    }

    func delete(
        _ span: KeySpan,
        by line: Line,
        then completion: @escaping (Operation.Outcome) -> Void = { _ in }
    ) {
        var request = Etcdserverpb_DeleteRangeRequest()
        request.key = Data(span.start.utf8)
        request.rangeEnd = Data(span.end.utf8)
        request.prevKv = true
        self.call(
            .delete(span),
            by: line,
            "/etcdserverpb.KV/DeleteRange",
            request,
            Etcdserverpb_DeleteRangeResponse.self,
            answer: { ($0.header, .deleted($0.prevKvs.map { SentEvent($0) }, count: $0.deleted)) },
            then: completion
        )
    }

    func range(
        _ span: KeySpan,
        revision: Int64 = 0,
        limit: Int = 0,
        by line: Line,
        then completion: @escaping (Operation.Outcome) -> Void = { _ in }
    ) {
        var request = Etcdserverpb_RangeRequest()
        request.key = Data(span.start.utf8)
        request.rangeEnd = Data(span.end.utf8)
        request.revision = revision
        request.limit = Int64(limit)
        self.call(
            .range(span, revision: revision, limit: limit),
            by: line,
            "/etcdserverpb.KV/Range",
            request,
            Etcdserverpb_RangeResponse.self,
            answer: { ($0.header, .range($0.kvs.map { SentEvent($0) }, count: $0.count, more: $0.more)) },
            then: completion
        )
    }

    func write(
        _ write: Operation.GuardedWrite,
        by line: Line,
        then completion: @escaping (Operation.Outcome) -> Void = { _ in }
    ) {
        var compare = Etcdserverpb_Compare()
        compare.result = .equal
        compare.target = .mod
        compare.key = Data(write.key.utf8)
        compare.modRevision = write.modRevision
        var request = Etcdserverpb_TxnRequest()
        request.compare = [compare]
        for key in write.puts {
            var operation = Etcdserverpb_RequestOp()
            operation.requestPut.key = Data(key.utf8)
            operation.requestPut.value = Data(write.value.utf8)
            request.success.append(operation)
        }
        for key in write.deletes {
            var operation = Etcdserverpb_RequestOp()
            operation.requestDeleteRange.key = Data(key.utf8)
            request.success.append(operation)
        }
        var read = Etcdserverpb_RequestOp()
        read.requestRange.key = Data(write.key.utf8)
        request.failure = [read]
        self.call(
            .guarded(write),
            by: line,
            "/etcdserverpb.KV/Txn",
            request,
            Etcdserverpb_TxnResponse.self,
            answer: { response in
                let found = response.succeeded ? [] : response.responses.flatMap(\.responseRange.kvs)
                return (
                    response.header,
                    .guarded(succeeded: response.succeeded, found: found.map { SentEvent($0) })
                )
            },
            then: completion
        )
    }

    func compact(
        _ revision: Int64,
        isPhysical: Bool = false,
        by line: Line,
        then completion: @escaping (Operation.Outcome) -> Void = { _ in }
    ) {
        var request = Etcdserverpb_CompactionRequest()
        request.revision = revision
        request.physical = isPhysical
        self.call(
            .other("compact \(revision)"),
            by: line,
            "/etcdserverpb.KV/Compact",
            request,
            Etcdserverpb_CompactionResponse.self,
            answer: { ($0.header, .done) },
            then: completion
        )
    }
}

extension World {
    /// Writes a key and reads it at an old revision, in one transaction.
    func writeAndRead(_ key: String, at revision: Int64, by line: Line, then completion: @escaping Completion)
    {
        var put = Etcdserverpb_RequestOp()
        put.requestPut.key = Data(key.utf8)
        put.requestPut.value = Data("must not be".utf8)
        var read = Etcdserverpb_RequestOp()
        read.requestRange.key = Data(key.utf8)
        read.requestRange.revision = revision
        var request = Etcdserverpb_TxnRequest()
        request.success = [put, read]
        self.call(
            .other("write and read"),
            by: line,
            "/etcdserverpb.KV/Txn",
            request,
            Etcdserverpb_TxnResponse.self,
            answer: { ($0.header, .done) },
            then: completion
        )
    }
}
