import CNghttp2
import CoreMetrics
import NIOCore

extension RPCConnection {
    /// Writes in one turn before other connections get theirs.
    private static let writesPerTurn = 16

    /// Appends a DATA frame to the output; returns whether the output is full.
    func writeData(header: UnsafeRawBufferPointer, byteCount: Int, of stream: RPCStream) -> Bool {
        unsafe self.output.writeBytes(header)
        stream.moveData(byteCount, into: &self.output)
        self.isOutputFull = self.output.readableBytes >= self.environment.limits.writeChunkBytes
        return self.isOutputFull
    }

    /// Writes what the session has to send, until nothing is left or the socket is full.
    func pump() {
        guard self.depth == 0, !self.isPumping, unsafe self.http2 != nil else { return }
        self.isPumping = true
        var writes = 0
        var mayHaveMore = true
        while mayHaveMore, !self.isPaused, unsafe self.http2 != nil {
            guard writes < Self.writesPerTurn else {
                self.flushSoon()
                break
            }
            writes += 1
            self.fillOutput()
            mayHaveMore = self.isOutputFull
            self.isOutputFull = false
            self.writeOutput()
            if self.notifyWritable() { mayHaveMore = true }
        }
        self.isPumping = false
        self.closeIfDone()
    }

    /// Lets the library append frames to the output until it has none or the output is full.
    private func fillOutput() {
        guard let http2 = unsafe self.http2 else { return }
        let chunk = self.environment.limits.writeChunkBytes
        self.depth += 1
        self.output = self.spareOutput.take()
        var hasFailed = false
        while !self.isOutputFull {
            var frame: UnsafePointer<UInt8>?
            let count = unsafe nghttp2_session_mem_send(http2, &frame)
            guard count > 0 else {
                hasFailed = count < 0
                break
            }
            unsafe self.output.writeBytes(UnsafeRawBufferPointer(start: frame, count: count))
            if self.output.readableBytes >= chunk { self.isOutputFull = true }
        }
        self.depth -= 1
        // What cannot be sent cannot be explained to the peer either.
        if hasFailed { self.abandon(.protocolError) }
    }

    private func writeOutput() {
        // Moved, not copied: the buffer is given back only to whoever holds it alone.
        var output = ByteBuffer()
        swap(&output, &self.output)
        let count = output.readableBytes
        guard count > 0, let context = self.context else { return self.spareOutput.giveBack(output) }
        self.environment.metrics.sentBytes.increment(by: count)
        self.sentByteCount &+= count
        context.writeAndFlush(self.wrapOutboundOut(output), promise: nil)
        // What is not written yet needs its buffer.
        guard !context.channel.isWritable else { return self.spareOutput.giveBack(output) }
        guard !self.isPaused else { return }
        self.isPaused = true
        self.pausedTime = self.eventLoop.now
    }

    /// Tells the streams that wait for it that they are writable; returns whether there were any.
    func notifyWritable() -> Bool {
        guard !self.isPaused, !self.waitingStreams.isEmpty else { return false }
        let waiting = self.waitingStreams
        self.waitingStreams = []
        for stream in waiting where stream.awaitsWritable {
            // Filled again in the meantime: it will be appended again when it drains.
            guard !stream.isOverWatermark else { continue }
            stream.awaitsWritable = false
            stream.handler?.streamBecameWritable()
            stream.exchange?.becameWritable()
        }
        return true
    }

    /// The socket drained: goes on where the output stopped.
    func resumeAfterPause() {
        guard self.isPaused else { return }
        self.isPaused = false
        _ = self.notifyWritable()
        self.pump()
        guard !self.isPaused, self.holdsRead else { return }
        self.holdsRead = false
        self.context?.read()
    }

    /// Closes the channel when neither side has anything left to say.
    private func closeIfDone() {
        guard let http2 = unsafe self.http2, !self.isClosing else { return }
        if self.isCut { return self.closeAtOnce() }
        guard unsafe nghttp2_session_want_read(http2) == 0 else { return }
        guard unsafe nghttp2_session_want_write(http2) == 0 else { return }
        if self.drainStatus != nil { self.end(because: .drained) }
        if self.endReason == .flood {
            self.closeAtOnce()
        } else {
            self.closeChannel()
        }
    }

    /// Closes both directions, whatever is still on its way.
    func closeAtOnce() {
        self.isClosing = true
        self.context?.close(promise: nil)
    }

    /// Closes our side once what was written has left, and the channel when the client has closed its side.
    ///
    /// Closing both at once would answer bytes that still arrive with a reset, and the reset may overtake our
    /// last frames. A client that does not close is not waited for long.
    private func closeChannel() {
        guard !self.isClosing, let context = self.context else { return }
        self.isClosing = true
        let limits = self.environment.limits
        let isFull = !context.channel.isWritable
        let patience = isFull ? limits.keepaliveTimeout : limits.drainDelay
        self.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(patience.nanoseconds)) { [timers] in
            timers?.connection?.context?.close(promise: nil)
        }
        guard isFull else { return context.close(mode: .output, promise: nil) }
        // The last frames are still on their way; an empty write completes after them.
        let written = self.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in context.close(mode: .output, promise: nil) }
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer()), promise: written)
    }
}
