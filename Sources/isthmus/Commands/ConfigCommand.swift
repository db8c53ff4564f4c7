import ArgumentParser

/// `isthmus config`: what concerns the configuration.
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Look at the configuration.",
        subcommands: [Check.self]
    )

    /// `isthmus config check`: says what `serve` would do with the same flags, environment and file.
    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Check the configuration of serve; print each value and where it came from.",
            discussion: "Takes the flags of serve. Exits 78 and lists all problems if there are any."
        )

        @OptionGroup var options: ServeOptions

        func run() async throws {
            let configuration = try await ConfigurationReading.read(.ofThisProcess(flags: self.options.flags))
            print(ConfigurationReport.table(configuration), terminator: "")
        }
    }
}
