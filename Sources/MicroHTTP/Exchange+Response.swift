import CMicroHTTPD
import CoreMetrics
import NIOCore
import Synchronization

/// Keeps the storage of bytes that the library sends.
@safe final class BorrowedBytes {
    private let bytes: ByteBuffer

    init(_ bytes: ByteBuffer) { self.bytes = bytes }

    /// Makes a response whose body is these bytes, where they are.
    ///
    /// The buffer is a value that nobody else can change in place while we hold it, so its bytes stay.
    func makeResponse() -> OpaquePointer? {
        unsafe self.bytes.withUnsafeReadableBytes { bytes in
            unsafe MHD_create_response_from_buffer_with_free_callback_cls(
                bytes.count,
                UnsafeMutableRawPointer(mutating: bytes.baseAddress),
                releaseBytes,
                Unmanaged.passRetained(self).toOpaque()
            )
        }
    }
}

// The answer's side. The daemon's thread only; `false` closes the connection.
extension Exchange {
    /// Gives the answer to the library.
    func send(_ response: Response, isRefusal: Bool) -> Bool {
        guard response.isSendable else {
            if case .stream(let stream) = response.body { stream.ended(.stopped) }
            // A refusal that cannot be sent itself: there is no other answer left.
            guard !isRefusal else { return false }
            self.core.metrics.count(.badResponse)
            return self.send(self.core.refusalResponse(.badResponse), isRefusal: true)
        }
        var response = response
        if self.core.isStopping.load(ordering: .relaxed), response.fields["Connection"] == nil {
            response.fields.add("Connection", "close")
        }
        guard let answer = unsafe self.makeAnswer(response.body) else { return false }
        defer { unsafe MHD_destroy_response(answer) }
        for field in response.fields.fields {
            guard unsafe MHD_add_response_header(answer, field.name, field.value) == MHD_Result.YES else {
                return false
            }
        }
        return unsafe MHD_queue_response(self.handle, UInt32(response.status), answer) == MHD_Result.YES
    }

    /// Makes the library's response and starts the time in which it must be taken.
    private func makeAnswer(_ body: Response.Body) -> OpaquePointer? {
        switch body {
        case .bytes(let bytes):
            self.shared.withLock { $0.state = .sending }
            self.owner.expect(.answer, within: self.core.answerTime(byteCount: bytes.readableBytes))
            return unsafe BorrowedBytes(bytes).makeResponse()
        case .stream(let stream):
            self.shared.withLock { $0.state = .streaming }
            self.stream = stream
            self.core.metrics.streams.increment()
            stream.waker.attach(self)
            self.owner.expect(.answer, within: self.core.answerNanoseconds)
            return unsafe MHD_create_response_from_callback(
                UInt64.max,
                4_096,
                readStream,
                Unmanaged.passRetained(self).toOpaque(),
                releaseStream
            )
        }
    }

    /// Fills the buffer with the next bytes of the stream, or lets the connection sleep.
    ///
    /// Returns the number of bytes, 0 for none now, -1 for the end and -2 for a broken body, as the library
    /// wants it.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        if self.leftover.readableBytes > 0 { return unsafe self.take(into: buffer) }
        guard let stream = self.stream else { return -2 }
        while true {
            switch stream.next(buffer.count) {
            case .bytes(let bytes):
                guard bytes.readableBytes > 0 else { continue }
                self.leftover = bytes
                return unsafe self.take(into: buffer)
            case .end:
                return -1
            case .failure:
                return -2
            case .later:
                if let result = self.sleep() { return result }
            }
        }
    }

    private func take(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, self.leftover.readableBytes)
        unsafe self.leftover.readWithUnsafeReadableBytes { bytes in
            unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
            return count
        }
        if self.leftover.readableBytes == 0 { self.leftover = ByteBuffer() }
        self.owner.expect(.answer, within: self.core.answerNanoseconds)
        return count
    }

    /// Suspends the connection until the source is woken; returns `nil` when it has been meanwhile.
    private func sleep() -> Int? {
        let isHungUp = self.owner.isHungUp
        let result = self.shared.withLock { shared -> Int? in
            // Whoever sets one of these wakes us after it, so that either we see it here or are woken from
            // the sleep.
            if shared.isAbandoned { return -2 }
            if shared.isWoken {
                shared.isWoken = false
                return nil
            }
            if isHungUp { return -2 }
            if self.core.isStopping.load(ordering: .sequentiallyConsistent) { return -1 }
            shared.state = .idle
            self.owner.wait()
            unsafe MHD_suspend_connection(self.handle)
            return 0
        }
        return result
    }

    /// Ends the request, whatever became of it.
    func finish(_ code: MHD_RequestTerminationCode) {
        let state = self.shared.withLock { shared in
            defer { shared.state = .finished }
            return shared.state
        }
        // The client left while the answer was on its way to this thread.
        if case .answered(let response) = state, case .stream(let stream) = response.body {
            stream.ended(self.ending(code))
        }
        if self.isAdmitted { self.core.dismiss() }
        self.owner.setExchange(nil)
        if let stream = self.stream {
            self.stream = nil
            stream.waker.detach()
            self.core.metrics.streams.decrement()
            stream.ended(self.ending(code))
        }
        guard !self.core.isStopping.load(ordering: .sequentiallyConsistent) else { return self.owner.cut() }
        self.owner.expect(.idle, within: self.core.idleNanoseconds)
    }

    private func ending(_ code: MHD_RequestTerminationCode) -> ResponseStream.Ending {
        if code == .REQUEST_TERMINATED_COMPLETED_OK { return .sent }
        if self.shared.withLock({ $0.isAbandoned }) { return .stopped }
        return self.owner.wasCut ? .timedOut : .clientGone
    }
}
