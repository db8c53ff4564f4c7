import DataPlane

/// What `etcd --version` and `etcd --help` print.
enum EtcdUsage {
    /// The lines that etcd prints, with what is true of this program.
    static var version: String {
        #if arch(arm64)
        let architecture = "arm64"
        #else
        let architecture = "amd64"
        #endif
        #if os(Linux)
        let system = "linux"
        #else
        let system = "darwin"
        #endif
        return """
            etcd Version: \(EtcdVersion.server)
            Git SHA: isthmus-\(Version.current)
            Go Version: none (isthmus \(Version.current) in Swift)
            Go OS/Arch: \(system)/\(architecture)

            """
    }

    /// How the program is called.
    static let lines = """
        Usage:

          etcd [flags]
            Start isthmus in etcd's place: a cluster of one member.

          etcd --version
            Show the version of etcd that it stands in for.

          etcd -h | --help
            Show the flags.

          etcd --config-file
            Path to the server configuration file; other flags and the environment are ignored then.

        """

    /// All flags, those with a meaning first.
    static var flags: String {
        let same = EtcdFlagTable.flags.filter { $0.meaning == .same }.map { flag in
            "  --\(flag.name) '\(flag.standard)'\n    \(flag.help)\n"
        }
        let nothing = EtcdFlagTable.flags.filter { $0.meaning == .nothing }.map { "--" + $0.name }.sorted()
        return "\n" + same.joined() + "\nTaken and without a meaning here:\n  "
            + nothing.joined(separator: "\n  ") + "\n"
    }
}
