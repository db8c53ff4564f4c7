import AdminClient

/// Whom a command calls, and as whom.
///
/// Each setting comes from its flag, else from the environment, else from the state directory of a server on
/// this machine: `--state-dir`, else `ISTHMUS_STATE_DIR`, else `./.isthmus`, as `make run` makes it. That
/// last one counts only when nothing says an address, so that its token never goes to another server.
struct ConnectionSettings: Sendable, Equatable {
    /// Where a server listens unless it is told otherwise.
    static let standardAddress = "https://127.0.0.1:8443"
    /// The state directory that is used when it is there.
    static let localDirectory = ".isthmus"
    /// The file in a state directory that says where the server listens.
    static let addressFile = "admin-address"
    /// The longest token, in bytes.
    static let tokenLimit = 4_096

    let address: AdminAddress
    let token: String?
    let identity: TLSIdentity

    /// Chooses.
    ///
    /// - Throws: A failure with ``ExitStatus/usage``, or an ``AdminClientError`` for the address.
    init(_ inputs: ConnectionInputs) throws {
        let directory = Self.directory(inputs)
        let given = inputs.flags.address ?? inputs[.address]
        let stored = try directory.flatMap { try Self.text(in: "\($0)/\(Self.addressFile)", inputs) }
        self.address = try AdminAddress(given ?? stored ?? Self.standardAddress)

        let chain = inputs.flags.clientCertificate ?? inputs[.clientCertificate]
        let key = inputs.flags.clientKey ?? inputs[.clientKey]
        guard (chain == nil) == (key == nil) else {
            throw CommandFailure(.usage, "--client-cert and --client-key belong together: only one is given")
        }
        let certificate = chain.flatMap { chain in
            key.map { TLSIdentity.Certificate(chain: chain, key: $0) }
        }
        var authorities = inputs.flags.caFile ?? inputs[.caFile]
        if authorities == nil, let directory {
            let own = "\(directory)/pki/ca.crt"
            if inputs.read(own) != .missing { authorities = own }
        }
        self.identity = TLSIdentity(authorities: authorities, certificate: certificate)
        self.token = try Self.token(inputs, directory: certificate == nil ? directory : nil)
        let isSecret = self.token != nil || certificate != nil
        guard !isSecret || self.address.usesTLS || self.address.isLoopback else {
            throw CommandFailure(
                .usage,
                "\(self.address) is another machine and has no TLS: anybody on the way could read "
                    + "the token; use https://"
            )
        }
    }

    private static func directory(_ inputs: ConnectionInputs) -> String? {
        if let directory = inputs.flags.stateDirectory { return directory }
        if let directory = inputs.environment[Setting.stateDirectory.environmentName], !directory.isEmpty {
            return directory
        }
        guard inputs.flags.address == nil, inputs[.address] == nil else { return nil }
        let isThere = [Self.addressFile, "token"].contains { name in
            if case .content = inputs.read("\(Self.localDirectory)/\(name)") { true } else { false }
        }
        return isThere ? Self.localDirectory : nil
    }

    private static func token(
        _ inputs: ConnectionInputs,
        directory: String?
    ) throws(CommandFailure) -> String? {
        if let path = inputs.flags.tokenFile { return try Self.secret(in: path, inputs, isRequired: true) }
        if let token = inputs[.token] { return try Self.checked(token, from: "ISTHMUS_TOKEN") }
        if let path = inputs[.tokenFile] { return try Self.secret(in: path, inputs, isRequired: true) }
        guard let directory else { return nil }
        return try Self.secret(in: "\(directory)/token", inputs, isRequired: false)
    }

    private static func secret(
        in path: String,
        _ inputs: ConnectionInputs,
        isRequired: Bool
    ) throws(CommandFailure) -> String? {
        guard let text = try Self.text(in: path, inputs) else {
            guard isRequired else { return nil }
            throw CommandFailure(.usage, "\(path): there is no such file")
        }
        return try Self.checked(text, from: path == "-" ? "standard input" : path)
    }

    private static func text(in path: String, _ inputs: ConnectionInputs) throws(CommandFailure) -> String? {
        switch inputs.read(path) {
        case .missing: return nil
        case .unreadable(let reason): throw CommandFailure(.usage, "\(path) cannot be read: \(reason)")
        case .content(let bytes):
            var text = String(decoding: bytes, as: UTF8.self)[...]
            while text.last?.isWhitespace == true { text.removeLast() }
            return String(text)
        }
    }

    /// Returns the token, when it can be one; it is never shown.
    private static func checked(_ token: String, from source: String) throws(CommandFailure) -> String {
        guard !token.isEmpty, token.utf8.count <= Self.tokenLimit,
            token.utf8.allSatisfy({ 0x21...0x7e ~= $0 })
        else {
            throw CommandFailure(.usage, "what is in \(source) is not a token")
        }
        return token
    }
}
