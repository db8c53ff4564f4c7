import Glibc

/// A bound and listening socket, which outlives the daemons that accept from it.
///
/// Any thread. Closed when it is let go; a UNIX socket's file is then removed.
final class ListeningSocket: Sendable {
    /// Where it listens, with the port that the system chose.
    let address: ServerConfiguration.Address
    private let descriptor: Int32
    /// The device and number of the socket's file, by which it is known again.
    private let file: [UInt64]?

    var isUnix: Bool { self.file != nil }

    /// Opens a socket.
    init(_ address: ServerConfiguration.Address) throws(ServerError) {
        switch address {
        case .tcp(let host, let port):
            (self.descriptor, self.address) = try Self.listen(host: host, port: port)
            self.file = nil
        case .unix(let path):
            self.descriptor = try Self.listen(path: path)
            self.address = address
            self.file = Self.identity(path) ?? []
        }
    }

    deinit {
        if case .unix(let path) = self.address, let file = self.file, Self.identity(path) == file {
            _ = unsafe unlink(path)
        }
        _ = Glibc.close(self.descriptor)
    }

    /// Returns another descriptor of the same socket, which the caller closes.
    func duplicate() throws(ServerError) -> Int32 {
        let copy = fcntl(self.descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw .systemCall("fcntl", code: errno) }
        return copy
    }

    /// The user ID at the other end of a UNIX socket.
    static func userOfPeer(_ socket: Int32) -> UInt32? {
        // The kernel's `struct ucred`: process, user and group.
        var credentials: [UInt32] = [0, 0, 0]
        var size = socklen_t(12)
        let code = unsafe getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size)
        return code == 0 && size == 12 ? credentials[1] : nil
    }

    // MARK: - TCP

    private static func listen(
        host: String,
        port: Int
    ) throws(ServerError) -> (Int32, ServerConfiguration.Address) {
        let address = ServerConfiguration.Address.tcp(address: host, port: port)
        guard let number = UInt16(exactly: port) else { throw .badAddress(address) }
        var four = sockaddr_in()
        var six = sockaddr_in6()
        if unsafe inet_pton(AF_INET, host, &four.sin_addr) == 1 {
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = number.bigEndian
            let socket = try unsafe self.bind(AF_INET, &four, MemoryLayout<sockaddr_in>.size, address)
            return (socket, .tcp(address: host, port: self.port(of: socket) ?? port))
        }
        guard unsafe inet_pton(AF_INET6, host, &six.sin6_addr) == 1 else { throw .badAddress(address) }
        six.sin6_family = sa_family_t(AF_INET6)
        six.sin6_port = number.bigEndian
        let socket = try unsafe self.bind(AF_INET6, &six, MemoryLayout<sockaddr_in6>.size, address)
        return (socket, .tcp(address: host, port: self.port(of: socket) ?? port))
    }

    /// Both families have the port in the same place.
    private static func port(of socket: Int32) -> Int? {
        var name = sockaddr_in6()
        var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let code = unsafe withUnsafeMutablePointer(to: &name) { name in
            unsafe name.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(socket, $0, &size)
            }
        }
        return code == 0 ? Int(UInt16(bigEndian: name.sin6_port)) : nil
    }

    // MARK: - UNIX

    private static func listen(path: String) throws(ServerError) -> Int32 {
        let address = ServerConfiguration.Address.unix(path: path)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let capacity = MemoryLayout.size(ofValue: name.sun_path)
        guard !bytes.isEmpty, bytes.count < capacity, !bytes.contains(0) else { throw .badAddress(address) }
        unsafe withUnsafeMutableBytes(of: &name.sun_path) { unsafe $0.copyBytes(from: bytes) }
        try unsafe self.removeStale(path, &name)
        return try unsafe self.bind(AF_UNIX, &name, MemoryLayout<sockaddr_un>.size, address)
    }

    /// Removes the file of a socket that nobody listens at.
    private static func removeStale(
        _ path: String,
        _ name: UnsafePointer<sockaddr_un>
    ) throws(ServerError) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path: path) }
        let probe = socket(
            AF_UNIX,
            Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue),
            0
        )
        guard probe >= 0 else { throw .systemCall("socket", code: errno) }
        defer { _ = Glibc.close(probe) }
        let code = unsafe name.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe connect(probe, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
        guard code != 0, errno == ECONNREFUSED else { throw .addressInUse(.unix(path: path)) }
        _ = unsafe unlink(path)
    }

    private static func identity(_ path: String) -> [UInt64]? {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return nil }
        return [UInt64(status.st_dev), UInt64(status.st_ino)]
    }

    // MARK: - Both

    private static func bind(
        _ family: Int32,
        _ name: UnsafeRawPointer,
        _ size: Int,
        _ address: ServerConfiguration.Address
    ) throws(ServerError) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(family, kind, 0)
        guard descriptor >= 0 else { throw .systemCall("socket", code: errno) }
        var isOpen = false
        defer { if !isOpen { _ = Glibc.close(descriptor) } }
        if family == AF_UNIX {
            // Before the file exists, so that it never has another mode.
            guard fchmod(descriptor, 0o600) == 0 else { throw .systemCall("fchmod", code: errno) }
        } else {
            var one: Int32 = 1
            _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(4))
        }
        let code = unsafe Glibc.bind(
            descriptor,
            name.assumingMemoryBound(to: sockaddr.self),
            socklen_t(size)
        )
        guard code == 0 else {
            let code = errno
            throw code == EADDRINUSE ? .addressInUse(address) : .systemCall("bind", code: code)
        }
        guard Glibc.listen(descriptor, 1_024) == 0 else {
            let code = errno
            throw code == EADDRINUSE ? .addressInUse(address) : .systemCall("listen", code: code)
        }
        isOpen = true
        return descriptor
    }
}
