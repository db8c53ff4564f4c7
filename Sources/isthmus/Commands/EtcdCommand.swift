import ArgumentParser

/// `isthmus etcd`: stands in for etcd.
///
/// Only for the list of commands: ``EtcdProgram`` takes its arguments, which are etcd's, before they come
/// here.
struct EtcdCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "etcd",
        abstract: "Run in etcd's place, with etcd's flags (as when called by the name etcd)."
    )

    @Argument(parsing: .captureForPassthrough, help: "etcd's flags; --help lists them.")
    var arguments: [String] = []
}
