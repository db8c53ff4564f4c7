import ArgumentParser

/// Which files `apply` and `diff` take, and what becomes of the objects that are in none of them.
struct ManifestOptions: ParsableArguments {
    @Option(
        name: [.customShort("f"), .customLong("filename")],
        help: ArgumentHelp(
            "A file, a directory and all below it (*.yaml, *.yml, *.json), or - for standard input; "
                + "may come several times.",
            valueName: "file"
        ),
        completion: .file()
    )
    var files: [String]

    @Flag(help: "Delete the objects on the server that are not in the files.")
    var prune = false

    @Option(
        name: [.customShort("l"), .long],
        help: ArgumentHelp("With --prune: only objects with such labels.", valueName: "labels")
    )
    var selector: String?

    func validate() throws {
        guard self.selector == nil || self.prune else {
            throw ValidationError("--selector says what to prune: it needs --prune")
        }
    }

    /// Reads the files.
    ///
    /// - Throws: A failure that lists everything that is wrong.
    func manifests() throws(CommandFailure) -> [Manifest] {
        do {
            return try ManifestReading.read(ManifestFiles(self.files))
        } catch {
            throw error.failure
        }
    }
}
