import CMicroHTTPD
import Foundation

/// An answer as it came over the wire.
struct RawResponse {
    var status: Int
    var fields: [(name: String, value: String)]
    var body: [UInt8]

    var text: String { String(decoding: self.body, as: UTF8.self) }

    subscript(name: String) -> String? {
        self.fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// A client that sends bytes and reads bytes, and blocks: on a thread of its own (``onThread(_:)``).
final class RawClient {
    enum Failure: Error {
        case system(String, Int32)
        case tls(String)
        case ended(String)
    }

    let socket: Int32
    private var session: gnutls_session_t?
    private var credentials: gnutls_certificate_credentials_t?
    private var buffer: [UInt8] = []

    /// Connects to a port of this machine, with a small receive buffer when asked.
    init(port: Int, receiveBuffer: Int32? = nil) throws {
        self.socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var size = receiveBuffer { setsockopt(self.socket, SOL_SOCKET, SO_RCVBUF, &size, 4) }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = UInt16(port).bigEndian
        inet_pton(AF_INET, "127.0.0.1", &name.sin_addr)
        try self.connect(&name, MemoryLayout<sockaddr_in>.size)
    }

    /// Connects to a UNIX socket.
    init(path: String) throws {
        self.socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        try self.connect(&name, MemoryLayout<sockaddr_un>.size)
    }

    private func connect(_ name: UnsafeRawPointer, _ size: Int) throws {
        // Never reached in a test that passes: it turns a hang into a failure.
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(self.socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let code = Glibc.connect(self.socket, name.assumingMemoryBound(to: sockaddr.self), socklen_t(size))
        guard code == 0 else { throw Failure.system("connect", errno) }
    }

    deinit {
        if let session = self.session { gnutls_deinit(session) }
        if let credentials = self.credentials { gnutls_certificate_free_credentials(credentials) }
        close(self.socket)
    }

    /// Speaks TLS from here on, and returns the server's certificate in DER.
    func startTLS(
        certificate: [UInt8]? = nil,
        key: [UInt8]? = nil,
        priorities: String = "NORMAL"
    ) throws -> [UInt8] {
        var session: gnutls_session_t?
        var credentials: gnutls_certificate_credentials_t?
        gnutls_init(&session, UInt32(GNUTLS_CLIENT.rawValue) | UInt32(GNUTLS_NO_SIGNAL.rawValue))
        gnutls_certificate_allocate_credentials(&credentials)
        self.session = session
        self.credentials = credentials
        if let certificate, let key {
            let code = Self.withDatum(certificate) { certificate in
                Self.withDatum(key) {
                    gnutls_certificate_set_x509_key_mem(credentials, certificate, $0, GNUTLS_X509_FMT_PEM)
                }
            }
            guard code >= 0 else { throw Failure.tls("key: \(code)") }
        }
        gnutls_priority_set_direct(session, priorities, nil)
        gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, UnsafeMutableRawPointer(credentials))
        gnutls_transport_set_int2(session, self.socket, self.socket)
        let code = gnutls_handshake(session)
        guard code == 0 else { throw Failure.tls(String(cString: gnutls_strerror(code))) }
        var count: UInt32 = 0
        guard let list = gnutls_certificate_get_peers(session, &count), count > 0 else {
            throw Failure.tls("no certificate")
        }
        return Array(UnsafeBufferPointer(start: list[0].data, count: Int(list[0].size)))
    }

    private static func withDatum(_ bytes: [UInt8], _ body: (UnsafePointer<gnutls_datum_t>) -> Int32) -> Int32
    {
        var bytes = bytes
        return bytes.withUnsafeMutableBufferPointer { buffer in
            var datum = gnutls_datum_t(data: buffer.baseAddress, size: UInt32(buffer.count))
            return withUnsafePointer(to: &datum) { body($0) }
        }
    }

    // MARK: - Writing

    /// Sends text; what cannot be sent because the server closed is no failure.
    func send(_ text: String) { self.send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { bytes in
                if let session = self.session {
                    return gnutls_record_send(session, bytes.baseAddress, bytes.count)
                }
                return Glibc.send(self.socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    func get(_ target: String, _ fields: String = "") throws -> RawResponse {
        self.send("GET \(target) HTTP/1.1\r\nHost: x\r\n\(fields)\r\n")
        return try self.response()
    }

    // MARK: - Reading

    /// Reads an answer; its body has a length or chunks, or is everything to the end.
    func response(isHead: Bool = false) throws -> RawResponse {
        var response = try self.responseHead()
        guard !isHead, response.status != 204, response.status != 304 else { return response }
        if let length = response["Content-Length"].flatMap({ Int($0) }) {
            response.body = try self.read(length)
        } else if response["Transfer-Encoding"] == "chunked" {
            while let chunk = try self.chunk() { response.body += chunk }
        } else {
            while try self.fill() {}
            response.body = self.buffer
            self.buffer = []
        }
        return response
    }

    func responseHead() throws -> RawResponse {
        let lines = try self.readHead().split(separator: "\r\n").map { String($0) }
        let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        let fields = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (
                name: String(parts[0]),
                value: parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
            )
        }
        return RawResponse(status: status, fields: fields, body: [])
    }

    private func readHead() throws -> String {
        let mark = Array("\r\n\r\n".utf8)
        while true {
            if let range = self.buffer.firstRange(of: mark) {
                defer { self.buffer.removeSubrange(..<range.upperBound) }
                return String(decoding: self.buffer[..<range.lowerBound], as: UTF8.self)
            }
            guard try self.fill() else {
                throw Failure.ended(String(decoding: self.buffer, as: UTF8.self))
            }
        }
    }

    /// Reads one chunk of a chunked body; `nil` is its end.
    func chunk() throws -> [UInt8]? {
        let mark = Array("\r\n".utf8)
        while true {
            if let range = self.buffer.firstRange(of: mark) {
                let size =
                    Int(String(decoding: self.buffer[..<range.lowerBound], as: UTF8.self), radix: 16) ?? -1
                self.buffer.removeSubrange(..<range.upperBound)
                guard size >= 0 else { throw Failure.ended("bad chunk") }
                let chunk = try self.read(size)
                _ = try self.read(2)
                return size == 0 ? nil : chunk
            }
            guard try self.fill() else { throw Failure.ended("within a chunk") }
        }
    }

    func read(_ count: Int) throws -> [UInt8] {
        while self.buffer.count < count {
            guard try self.fill() else { throw Failure.ended("\(self.buffer.count) of \(count) bytes") }
        }
        defer { self.buffer.removeFirst(count) }
        return Array(self.buffer[..<count])
    }

    /// Reads until the server closes; `false` when the time is over instead.
    func isClosedByServer() -> Bool {
        while true {
            guard let more = try? self.fill() else { return errno == ECONNRESET || errno == EPIPE }
            if !more { return true }
        }
    }

    private func fill() throws -> Bool {
        var piece = [UInt8](repeating: 0, count: 65_536)
        let count = piece.withUnsafeMutableBytes { bytes in
            if let session = self.session {
                let count = gnutls_record_recv(session, bytes.baseAddress, bytes.count)
                return count == Int(GNUTLS_E_PREMATURE_TERMINATION) ? 0 : count
            }
            return recv(self.socket, bytes.baseAddress, bytes.count, 0)
        }
        guard count >= 0 else { throw Failure.system("recv", errno) }
        self.buffer += piece[..<count]
        return count > 0
    }
}

/// Runs a blocking client on a thread of its own: the threads of tests are those that the handlers need.
func onThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}
