import Logging
import Synchronization
import Telemetry
import Testing

/// Keeps the lines that were logged.
private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { self.lines.withLock { $0 } }
    func append(_ line: String) { self.lines.withLock { $0.append(line) } }
}

@Suite struct LogHandlerTests {
    private let lines = Lines()
    private let level = LogLevel(.info)

    private func logger(_ format: (String, LogSink) -> any LogHandler) -> Logger {
        let lines = self.lines
        let sink = LogSink(
            level: self.level,
            clock: { .seconds(1_795_452_551) + .nanoseconds(42_999) },
            output: { lines.append($0) }
        )
        return Logger(label: "isthmus.test", factory: { format($0, sink) })
    }

    private var json: Logger { self.logger { JSONLogHandler(label: $0, sink: $1) } }
    private var text: Logger { self.logger { TextLogHandler(label: $0, sink: $1) } }

    private let head = #"{"ts":"2026-11-23T16:49:11.000042Z","level":"info","logger":"isthmus.test","msg":"#

    @Test func anEventIsOneLineOfJSON() {
        self.json.info("listening", metadata: ["port": "2379", "address": "::1"])
        #expect(self.lines.all == [self.head + #""listening","address":"::1","port":"2379"}"# + "\n"])
    }

    @Test func anEventIsALineOfEtcd() {
        self.logger { ZapLogHandler(label: $0, sink: $1, form: .json) }
            .warning(
                "ready \"now\"",
                metadata: ["b": "2", "ts": "mine", "a": ["x"]],
                file: "/a/b/c.swift",
                line: 7
            )
        let time = "2026-11-23T16:49:11.000042Z"
        #expect(
            self.lines.all == [
                #"{"level":"warn","ts":"\#(time)","caller":"b/c.swift:7","msg":"ready \"now\"","a":["x"],"#
                    + #""b":"2","metadata.ts":"mine"}"# + "\n"
            ]
        )
        let levels: [Logger.Level] = [.debug, .info, .notice, .error, .critical]
        self.level.current = .debug
        let console = self.logger { ZapLogHandler(label: $0, sink: $1, form: .console) }
        for level in levels { console.log(level: level, "m", metadata: ["k": "v"], file: "c.swift", line: 1) }
        let names = ["DEBUG", "INFO", "INFO", "ERROR", "FATAL"]
        #expect(
            self.lines.all.dropFirst() == names.map { "\(time)\t\($0)\tc.swift:1\tm\t{\"k\":\"v\"}\n" }[...]
        )
    }

    @Test func textIsEscapedExactly() {
        self.json.info("a\"b\\c\n\r\t\u{1}\u{7f}\u{2028}\u{e9}\u{1f600}/<")
        #expect(
            self.lines.all
                == [self.head + #""a\"b\\c\n\r\t\u0001\u007f\u2028"# + "\u{e9}\u{1f600}/<\"}\n"]
        )
    }

    @Test func metadataKeepsItsShape() {
        self.json.info(
            "m",
            metadata: [
                "list": ["1", ["x": "y"], []],
                "number": .stringConvertible(7),
                "object": ["b": "2", "a": ["q\"": "1"]],
            ]
        )
        #expect(
            self.lines.all == [
                self.head
                    + #""m","list":["1",{"x":"y"},[]],"number":"7","object":{"a":{"q\"":"1"},"b":"2"}}"#
                    + "\n"
            ]
        )
    }

    @Test func aMetadataKeyNeverReplacesAFixedOne() {
        self.json.info("m", metadata: ["msg": "1", "ts": "2", "metadata": "3"])
        #expect(
            self.lines.all
                == [self.head + #""m","metadata":"3","metadata.msg":"1","metadata.ts":"2"}"# + "\n"]
        )
    }

    @Test func theEventsFactsWinOverTheLoggers() {
        var logger = self.json
        logger[metadataKey: "cluster.name"] = "east"
        logger[metadataKey: "revision"] = "1"
        logger.info("m", metadata: ["revision": "2"])
        #expect(self.lines.all == [self.head + #""m","cluster.name":"east","revision":"2"}"# + "\n"])
    }

    @Test func theLevelCanBeChangedWhileLoggersExist() {
        let first = self.json
        var second = first
        second.logLevel = .error
        first.debug("unseen")
        self.level.current = .debug
        first.debug("seen")
        second.debug("unseen: the logger has a level of its own")
        self.level.current = .critical
        first.error("unseen")
        second.error("seen too")
        #expect(self.lines.all.count == 2)
        #expect(self.lines.all[0].contains(#""level":"debug","logger":"isthmus.test","msg":"seen"}"#))
        #expect(self.lines.all[1].contains(#""msg":"seen too"}"#))
    }

    @Test func longTextIsCutBetweenCharacters() {
        self.json.info("\(String(repeating: "x", count: LogSink.maximumTextBytes - 1) + "\u{e9}tail")")
        #expect(self.lines.all[0].hasSuffix("xx...[6 bytes cut]\"}\n"))
        #expect(self.lines.all[0].utf8.count < LogSink.maximumTextBytes + 200)
    }

    @Test func deepMetadataIsWrittenAsText() {
        var value: Logger.MetadataValue = "leaf"
        for _ in 0..<100 { value = ["k": value] }
        self.json.info("m", metadata: ["deep": value])
        #expect(self.lines.all[0].split(separator: #"{"k":"#, omittingEmptySubsequences: false).count == 17)
        #expect(self.lines.all[0].contains("leaf"))
    }

    @Test func peopleReadALine() {
        var logger = self.text
        logger[metadataKey: "peer.identity"] = "remote-west"
        logger.warning("degraded", metadata: ["why": "no \"route\"", "empty": "", "list": ["1", "2"]])
        #expect(
            self.lines.all == [
                #"2026-11-23T16:49:11.000042Z WARNING  isthmus.test: degraded empty="" list=["1","2"]"#
                    + #" peer.identity=remote-west why="no \"route\"""# + "\n"
            ]
        )
    }

    @Test func aMessageCannotForgeASecondLine() {
        self.text.info("a\nb\u{1b}[2J", metadata: ["k\n": "v\nw"])
        #expect(
            self.lines.all == [
                #"2026-11-23T16:49:11.000042Z INFO     isthmus.test: a b [2J "k\n"="v\nw""# + "\n"
            ]
        )
    }

    @Test func linesGoToStandardError() async throws {
        let result = await #expect(
            processExitsWith: .success,
            observing: [\.standardErrorContent]
        ) {
            LogSink.standardError("one line\n")
        }
        let content = try #require(result?.standardErrorContent)
        #expect(String(decoding: content, as: UTF8.self).contains("one line\n"))
    }
}
