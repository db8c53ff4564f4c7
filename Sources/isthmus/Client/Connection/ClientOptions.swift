import ArgumentParser

/// The flags of every command that speaks to a server.
struct ClientOptions: ParsableArguments {
    @OptionGroup(title: "Connection") var server: ServerOptions

    @Option(
        help: ArgumentHelp(
            """
            The state directory of a server on this machine: its address, token and authority are the \
            defaults (ISTHMUS_STATE_DIR; without an address: .isthmus, if it is there).
            """,
            valueName: "directory"
        ),
        completion: .directory
    )
    var stateDir: String?

    /// The flags as the choice of a connection takes them.
    var flags: ConnectionInputs.Flags { self.server.flags(stateDirectory: self.stateDir) }
}

/// The flags that say which server, and who asks.
struct ServerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The server: https://host:port, http://host:port or unix:/path (ISTHMUS_ADDRESS).",
            valueName: "url"
        )
    )
    var address: String?

    @Option(
        help: ArgumentHelp(
            "A file with the token, - for standard input (ISTHMUS_TOKEN_FILE; ISTHMUS_TOKEN: the token).",
            valueName: "file"
        ),
        completion: .file()
    )
    var tokenFile: String?

    @Option(
        help: ArgumentHelp("The authorities to trust, PEM (ISTHMUS_CA_FILE).", valueName: "file"),
        completion: .file()
    )
    var caFile: String?

    @Option(
        help: ArgumentHelp("A client certificate, PEM (ISTHMUS_CLIENT_CERT).", valueName: "file"),
        completion: .file()
    )
    var clientCert: String?

    @Option(
        help: ArgumentHelp("The key of the client certificate, PEM (ISTHMUS_CLIENT_KEY).", valueName: "file"),
        completion: .file()
    )
    var clientKey: String?

    @Option(help: ArgumentHelp("How long the command may take, such as 30s or 2m.", valueName: "duration"))
    var timeout: TimeSpan?

    /// Returns the flags as the choice of a connection takes them.
    func flags(stateDirectory: String?) -> ConnectionInputs.Flags {
        ConnectionInputs.Flags(
            address: self.address,
            tokenFile: self.tokenFile,
            caFile: self.caFile,
            clientCertificate: self.clientCert,
            clientKey: self.clientKey,
            stateDirectory: stateDirectory
        )
    }
}
