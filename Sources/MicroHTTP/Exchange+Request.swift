import CMicroHTTPD
import CoreMetrics
import NIOCore
import Synchronization

// The request's side. The daemon's thread only, within the access callback; `false` closes the connection.
extension Exchange {
    /// Checks the head before anything of the body is read.
    func begin(method: UnsafePointer<CChar>, version: UnsafePointer<CChar>) -> Bool {
        self.core.metrics.requests.increment()
        self.owner.setExchange(self)
        guard !self.core.isStopping.load(ordering: .relaxed), !self.owner.daemon.isForced else {
            return self.refuse(.stopping)
        }
        do throws(Refusal) {
            let head = try unsafe RequestHead.read(
                self.handle,
                method: method,
                version: version,
                target: self.owner.target,
                limits: self.core.limits
            )
            self.head = head
            self.isAdmitted = self.core.admit()
            guard head.hasBody else { return true }
            guard self.isAdmitted else { return self.refuse(.overloaded) }
            self.bodyPlan = self.plan(head)
            if case .refuse(let refusal) = self.bodyPlan { return self.refuse(refusal) }
            guard head.contentLength ?? 0 <= self.bodyPlan.limit else { return self.refuse(.bodyTooLarge) }
            let byteCount = head.contentLength ?? self.bodyPlan.limit
            self.owner.expect(.body, within: self.core.bodyTime(byteCount: byteCount))
            return true
        } catch {
            return self.refuse(error)
        }
    }

    /// Decides what becomes of the body.
    private func plan(_ head: RequestHead) -> BodyPlan {
        guard let plan = self.core.planBody else { return .memory(limit: self.core.limits.bodyBytes) }
        return plan(
            Request(
                method: head.method,
                target: head.target,
                fields: head.fields,
                peer: unsafe self.owner.peer(self.handle)
            )
        )
    }

    /// Keeps a piece of the body, or only counts it when the whole is too large.
    ///
    /// The library cannot answer before the body ends. A little more than the limit is read for that; who
    /// sends even more is cut.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let limit = self.bodyPlan.limit
        guard self.discardedBytes == 0, self.receivedBytes + bytes.count <= limit else {
            self.discardedBytes += bytes.count
            self.body = ByteBuffer()
            guard self.discardedBytes <= self.core.limits.bodyBytes + 65_536 else {
                self.core.metrics.count(.bodyTooLarge)
                return false
            }
            return true
        }
        self.receivedBytes += bytes.count
        if let sink = self.bodyPlan.sink {
            var piece = ByteBuffer()
            unsafe piece.writeBytes(bytes)
            sink.take(piece)
        } else {
            unsafe self.body.writeBytes(bytes)
        }
        return true
    }

    /// Goes on after the last byte of the request, or after the connection was resumed.
    func proceed() -> Bool {
        let state = self.shared.withLock { shared in
            // Taken by us: whoever takes it, sends it or ends its stream.
            defer { if case .answered = shared.state { shared.state = .sending } }
            return shared.state
        }
        switch state {
        case .collecting:
            // Not earlier, for the library closes a connection that is answered before the request ends.
            guard self.isAdmitted else { return self.refuse(.overloaded) }
            guard self.discardedBytes == 0 else { return self.refuse(.bodyTooLarge) }
            guard let head = self.head else { return false }
            self.head = nil
            return self.run(
                Request(
                    method: head.method,
                    target: head.target,
                    fields: head.fields,
                    body: self.body,
                    sink: self.takeSink(),
                    peer: unsafe self.owner.peer(self.handle)
                )
            )
        case .answered(let response):
            self.body = ByteBuffer()
            return self.send(response, isRefusal: false)
        case .running, .sending, .streaming, .idle, .abandoned, .finished:
            return false
        }
    }

    /// Hands the sink over: it lives as long as whoever answers wants it.
    private func takeSink() -> (any BodySink)? {
        defer { self.bodyPlan = .memory(limit: 0) }
        return self.bodyPlan.sink
    }

    /// Answers without the handler.
    func refuse(_ refusal: Refusal) -> Bool {
        self.core.metrics.count(refusal)
        var response = self.core.refusalResponse(refusal)
        if refusal.status == 503, response.fields["Retry-After"] == nil {
            response.fields.add("Retry-After", "1")
        }
        // Where the request ends is not known, or its rest is not wanted.
        if self.head?.hasBody ?? true { response.fields.add("Connection", "close") }
        return self.send(response, isRefusal: true)
    }
}

extension Connection {
    /// Keeps the raw target for the head's check; one byte more than allowed is enough to refuse it.
    ///
    /// The daemon's thread only.
    func noteTarget(_ text: UnsafePointer<CChar>) {
        let maximum = self.core.limits.targetBytes + 1
        var bytes: [UInt8] = []
        var index = 0
        while index < maximum, case let byte = unsafe text[index], byte != 0 {
            bytes.append(UInt8(bitPattern: byte))
            index += 1
        }
        self.target = bytes
        // The request has begun: from here its head has the whole limit for itself.
        self.expect(.head, within: self.core.headNanoseconds)
    }
}
