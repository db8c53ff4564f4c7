import ArgumentParser

/// `isthmus serve`: runs the server.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the server.",
        discussion: """
            Each setting is taken from its flag, else from the environment (ISTHMUS_DATA_LISTEN for \
            --data-listen), else from the file of --config (data: {listen: …}), else from its default.
            """
    )

    @OptionGroup var options: ServeOptions

    func run() async throws {
        let configuration = try await ConfigurationReading.read(.ofThisProcess(flags: self.options.flags))
        try await Server.run(configuration.serve)
    }
}
