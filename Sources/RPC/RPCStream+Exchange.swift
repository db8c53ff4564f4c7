import CNghttp2
import NIOCore

/// An HTTP/2 stream that carries a plain request.
extension RPCStream: HTTPTransport {
    var isTransportWritable: Bool { self.isWritable }

    func sendHead(status: Int, headers: [(name: String, value: String)], bodyByteCount: Int?) {
        guard !self.isEnded, !self.hasResponded else { return }
        self.hasResponded = true
        var fields = [HeaderField(":status", String(status))]
        fields += headers.map { HeaderField($0.name.lowercased(), $0.value) }
        if let bodyByteCount { fields.append(HeaderField("content-length", String(bodyByteCount))) }
        let http2 = unsafe self.connection.http2
        unsafe HeaderField.withFields(fields) { block in unsafe self.submit(http2, block) }
    }

    func sendBody(_ bytes: ByteBuffer) {
        guard !self.isEnded else { return }
        self.connection.queuedByteCount += bytes.readableBytes
        self.queue.append(bytes)
        self.updateWatermark()
        self.resume()
    }

    func sendEnd() {
        guard !self.isEnded else { return }
        self.isFinished = true
        self.resume()
    }

    func flushTransport() { self.connection.pump() }
}
