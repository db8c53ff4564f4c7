import CMicroHTTPD
import Glibc

/// The one place that names the library's options.
enum DaemonOptions {
    /// GnuTLS's words for TLS 1.2 and 1.3 with at least 128 bits.
    private static let priorities = "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

    /// Starts a daemon, or returns `nil`; the library does not say why.
    ///
    /// The context is the retained ``Daemon`` that the callbacks are for.
    static func start(
        socket: Int32,
        limits: ServerLimits,
        credentials: ServerConfiguration.Credentials?,
        context: UnsafeMutableRawPointer
    ) -> OpaquePointer? {
        let texts = [
            credentials?.privateKeyPEM, credentials?.certificateChainPEM, credentials?.clientAuthoritiesPEM,
            credentials == nil ? nil : Array(self.priorities.utf8),
        ].map { bytes in bytes.map { SecretText($0) } }
        var options = unsafe self.common(socket: socket, limits: limits, context: context)
        let names = [
            MHD_OPTION.HTTPS_MEM_KEY, MHD_OPTION.HTTPS_MEM_CERT, MHD_OPTION.HTTPS_MEM_TRUST,
            MHD_OPTION.HTTPS_PRIORITIES,
        ]
        for (name, text) in zip(names, texts) {
            guard let text else { continue }
            unsafe options.append(MHD_OptionItem(option: name, value: 0, ptr_value: text.pointer))
        }
        unsafe options.append(MHD_OptionItem(option: .END, value: 0, ptr_value: nil))

        // The library logs through a printf format, for each misbehaving client: it is left silent.
        var flags = MHD_USE_EPOLL.rawValue | MHD_USE_INTERNAL_POLLING_THREAD.rawValue
        flags |= MHD_ALLOW_SUSPEND_RESUME.rawValue
        if credentials != nil { flags |= MHD_USE_TLS.rawValue }
        // The texts are read while the daemon starts and not after it.
        return unsafe withExtendedLifetime(texts) {
            unsafe options.withUnsafeMutableBufferPointer { options in
                let end: any CVarArg = Int32(bitPattern: MHD_OPTION.END.rawValue)
                let array: any CVarArg = Int32(bitPattern: MHD_OPTION.ARRAY.rawValue)
                guard let items = options.baseAddress else { return nil }
                return unsafe withVaList([array, items, end]) { list in
                    unsafe MHD_start_daemon_va(
                        flags,
                        0,
                        acceptConnection,
                        context,
                        handleAccess,
                        context,
                        list
                    )
                }
            }
        }
    }

    private static func common(
        socket: Int32,
        limits: ServerLimits,
        context: UnsafeMutableRawPointer
    ) -> [MHD_OptionItem] {
        // Our own limit closes what is too much at once; the library would let it wait.
        let connections = limits.connections + 64
        return unsafe [
            MHD_OptionItem(option: .LISTEN_SOCKET, value: Int(socket), ptr_value: nil),
            MHD_OptionItem(option: .CONNECTION_LIMIT, value: connections, ptr_value: nil),
            MHD_OptionItem(
                option: .CONNECTION_MEMORY_LIMIT,
                value: limits.poolBytes,
                ptr_value: nil
            ),
            MHD_OptionItem(
                option: .URI_LOG_CALLBACK,
                value: unsafeBitCast(noteTarget, to: Int.self),
                ptr_value: context
            ),
            MHD_OptionItem(
                option: .UNESCAPE_CALLBACK,
                value: unsafeBitCast(keepEscapes, to: Int.self),
                ptr_value: nil
            ),
            MHD_OptionItem(
                option: .NOTIFY_COMPLETED,
                value: unsafeBitCast(completeRequest, to: Int.self),
                ptr_value: context
            ),
            MHD_OptionItem(
                option: .NOTIFY_CONNECTION,
                value: unsafeBitCast(notifyConnection, to: Int.self),
                ptr_value: context
            ),
        ]
    }
}

/// A text for C that is wiped when it is let go.
@safe private final class SecretText {
    let pointer: UnsafeMutablePointer<UInt8>
    private let count: Int

    init(_ bytes: [UInt8]) {
        self.count = bytes.count + 1
        unsafe self.pointer = .allocate(capacity: self.count)
        unsafe self.pointer.initialize(repeating: 0, count: self.count)
        for index in bytes.indices { unsafe self.pointer[index] = bytes[index] }
    }

    deinit {
        unsafe explicit_bzero(self.pointer, self.count)
        unsafe self.pointer.deallocate()
    }
}
