import ArgumentParser

// The load generator of the benchmarks: it makes one work's calls against one etcd server over mutual TLS,
// checks every answer, and prints what the work cost the server as one line of JSON.
//
// It is not a client library: it knows Range, Put and Watch as far as the works need them, and ends at the
// first thing that is not as it should be. It is built to leave the processor to the server: HTTP/2 by
// nghttp2, one object per caller, no tasks, no copies of answers.
//
// Begin with `Commands`, then `Works` (who calls what), then `HTTP2`.

@main
struct LoadGenerator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "loadgen",
        abstract: "Puts a load on an etcd server and says what it cost the server.",
        subcommands: [RangeCommand.self, PutCommand.self, WatchCommand.self, ListCommand.self]
    )
}
