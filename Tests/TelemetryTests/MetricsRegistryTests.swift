import CoreMetrics
import Telemetry
import Testing

@Suite struct MetricsRegistryTests {
    let registry = MetricsRegistry()

    private func rendered(_ registry: MetricsRegistry? = nil) -> String {
        String(buffer: (registry ?? self.registry).render())
    }

    /// The lines of one metric, without those of the registry's own.
    private func lines(of name: String, in registry: MetricsRegistry? = nil) -> [String] {
        self.rendered(registry).split(separator: "\n").map(String.init).filter { line in
            line.hasPrefix(name) || line.hasPrefix("# TYPE \(name) ") || line.hasPrefix("# HELP \(name) ")
        }
    }

    @Test func anAliasShowsTheSameNumbersUnderASecondName() {
        let counter = Counter(label: "calls_total", dimensions: [("code", "OK")], factory: self.registry)
        self.registry.alias("calls_total", labels: [("code", "OK")], as: "grpc_total", labels: [("c", "0")])
        self.registry.alias("calls_total", labels: [("code", "none")], as: "grpc_total", labels: [("c", "1")])
        let read = self.registry.reader("calls_total", labels: [("code", "OK")])
        counter.increment(by: 5)
        #expect(self.lines(of: "grpc_total") == ["# TYPE grpc_total counter", #"grpc_total{c="0"} 5"#])
        #expect(read() == 5)
        #expect(self.registry.reader("nothing")() == 0)
    }

    @Test func everyKindHasItsText() {
        self.registry.describe("requests_total", help: "Requests,\nby \\code.")
        Counter(label: "requests_total", dimensions: [("code", "OK"), ("a", "1")], factory: self.registry)
            .increment(by: 3)
        FloatingPointCounter(label: "seconds_total", factory: self.registry).increment(by: 1.5)
        Meter(label: "depth", factory: self.registry).set(-2)
        Gauge(label: "ratio", factory: self.registry).record(0.25)
        self.registry.describe("batch", help: "Sizes.", buckets: HistogramBuckets([1, 2.5]))
        let recorder = Recorder(
            label: "batch",
            dimensions: [("k", "v")],
            aggregate: true,
            factory: self.registry
        )
        for value in [0.0, 1, 1.5, 9] { recorder.record(value) }

        let rejected = MetricsRegistry.rejectedSeriesName
        #expect(
            self.rendered() == #"""
                # HELP batch Sizes.
                # TYPE batch histogram
                batch_bucket{k="v",le="1"} 2
                batch_bucket{k="v",le="2.5"} 3
                batch_bucket{k="v",le="+Inf"} 4
                batch_sum{k="v"} 11.5
                batch_count{k="v"} 4
                # TYPE depth gauge
                depth -2
                # HELP \#(rejected) Series merged or not kept because of a limit.
                # TYPE \#(rejected) counter
                \#(rejected) 0
                # TYPE ratio gauge
                ratio 0.25
                # HELP requests_total Requests,\nby \\code.
                # TYPE requests_total counter
                requests_total{a="1",code="OK"} 3
                # TYPE seconds_total counter
                seconds_total 1.5

                """#
        )
    }

    @Test func timersTakeNanosecondsAndShowSeconds() {
        let timer = Timer(label: "t_seconds", factory: self.registry)
        timer.recordNanoseconds(100_000)
        timer.recordMilliseconds(3)
        timer.recordSeconds(20)
        let lines = self.lines(of: "t_seconds")
        #expect(lines.first == "# TYPE t_seconds histogram")
        #expect(lines.contains(#"t_seconds_bucket{le="0.0001"} 1"#))
        #expect(lines.contains(#"t_seconds_bucket{le="0.0025"} 1"#))
        #expect(lines.contains(#"t_seconds_bucket{le="0.005"} 2"#))
        #expect(lines.contains(#"t_seconds_bucket{le="10"} 2"#))
        #expect(lines.contains(#"t_seconds_bucket{le="+Inf"} 3"#))
        #expect(lines.contains("t_seconds_sum 20.0031"))
        #expect(lines.last == "t_seconds_count 3")
    }

    @Test func theSameLabelsInAnyOrderAreOneSeries() {
        Counter(label: "c", dimensions: [("a", "1"), ("b", "2")], factory: self.registry).increment()
        Counter(label: "c", dimensions: [("b", "2"), ("a", "1")], factory: self.registry).increment()
        #expect(self.lines(of: "c") == ["# TYPE c counter", #"c{a="1",b="2"} 2"#])
    }

    @Test func labelsAndNamesAreMadeSafe() {
        Counter(
            label: "http.requests-total",
            dimensions: [("da:sh-es", "a\"b\\c\nd\u{e9}")],
            factory: self.registry
        )
        .increment()
        Counter(label: "9lives:total", factory: self.registry).increment()
        Counter(label: "twice", dimensions: [("l", "1"), ("l", "2")], factory: self.registry).increment()
        #expect(
            self.lines(of: "http_requests_total").last
                == "http_requests_total{da_sh_es=\"a\\\"b\\\\c\\nd\u{e9}\"} 1"
        )
        #expect(self.lines(of: "_9lives:total").last == "_9lives:total 1")
        #expect(self.lines(of: "twice").last == #"twice{l="2"} 1"#)
    }

    @Test(
        arguments: [
            (.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (0, "0"), (-0.5, "-0.5"),
            (1e20, "1e+20"),
            (1_700_000_000, "1700000000"), (0.000_01, "1e-05"),
        ] as [(Double, String)]
    )
    func numbersAreReadBackAsTheyWere(value: Double, text: String) {
        Meter(label: "m", factory: self.registry).set(value)
        #expect(self.lines(of: "m").last == "m \(text)")
    }

    @Test func gaugesWithACallbackAreAskedAtEachScrape() {
        let source = CounterSource()
        self.registry.register(gauge: "isthmus_revision", labels: [("loop", "0")]) { source.next() }
        self.registry.register(counter: "etcd_revision_total") { 7 }
        #expect(
            self.lines(of: "isthmus_revision") == [
                "# TYPE isthmus_revision gauge", #"isthmus_revision{loop="0"} 1"#,
            ]
        )
        #expect(self.lines(of: "isthmus_revision").last == #"isthmus_revision{loop="0"} 2"#)
        #expect(
            self.lines(of: "etcd_revision_total") == [
                "# TYPE etcd_revision_total counter", "etcd_revision_total 7",
            ]
        )

        self.registry.register(gauge: "isthmus_revision", labels: [("loop", "0")]) { 99 }
        #expect(self.lines(of: "isthmus_revision").last == #"isthmus_revision{loop="0"} 99"#)
        self.registry.unregister("isthmus_revision", labels: [("loop", "0")])
        #expect(self.lines(of: "isthmus_revision").isEmpty)
    }

    @Test func aCallbackMayUseTheRegistry() {
        let registry = self.registry
        registry.register(gauge: "nested") {
            registry.makeCounter(label: "seen", dimensions: []).increment(by: 1)
            return 1
        }
        _ = registry.render()
        #expect(self.lines(of: "seen").last == "seen 2", "each of the two renderings asked once")
    }

    @Test func seriesBeyondTheLimitShareOneThatOverflows() {
        let registry = MetricsRegistry(limits: .init(seriesPerName: 2))
        for code in 0..<5 {
            Counter(label: "c", dimensions: [("code", "\(code)")], factory: registry).increment(by: 10)
        }
        Counter(label: "c", dimensions: [("code", "1")], factory: registry).increment()
        #expect(
            self.lines(of: "c", in: registry)
                == ["# TYPE c counter", #"c{code="0"} 10"#, #"c{code="1"} 11"#, #"c{overflow="true"} 30"#]
        )
        #expect(
            self.lines(of: MetricsRegistry.rejectedSeriesName, in: registry).last?.hasSuffix(" 3") == true
        )
    }

    @Test func namesBeyondTheLimitAreCountedAndNotKept() {
        let registry = MetricsRegistry(limits: .init(names: 2))
        Counter(label: "kept", factory: registry).increment()
        Counter(label: "lost", factory: registry).increment()
        #expect(self.lines(of: "kept", in: registry).count == 2)
        #expect(self.lines(of: "lost", in: registry).isEmpty)
        #expect(
            self.lines(of: MetricsRegistry.rejectedSeriesName, in: registry).last?.hasSuffix(" 1") == true
        )
    }

    @Test func aNameKeepsItsFirstKind() {
        Counter(label: "x", factory: self.registry).increment()
        Timer(label: "x", factory: self.registry).recordSeconds(1)
        #expect(self.lines(of: "x") == ["# TYPE x counter", "x 1"])
        #expect(self.lines(of: MetricsRegistry.rejectedSeriesName).last?.hasSuffix(" 1") == true)
    }

    @Test func destroyedHandlesDisappear() {
        let counter = Counter(label: "c", factory: self.registry)
        let timer = Timer(label: "t", factory: self.registry)
        let meter = Meter(label: "m", factory: self.registry)
        counter.destroy()
        timer.destroy()
        meter.destroy()
        for name in ["c", "t", "m"] { #expect(self.lines(of: name).isEmpty) }
    }

    @Test func resetCountersBeginAgain() {
        let counter = Counter(label: "c", factory: self.registry)
        counter.increment(by: 5)
        counter.reset()
        counter.increment()
        #expect(self.lines(of: "c").last == "c 1")
    }

    @Test(.timeLimit(.minutes(5)))
    func nothingIsLostWhenThreadsRecordAtOnce() async {
        let registry = self.registry
        await withDiscardingTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    let counter = Counter(label: "c", factory: registry)
                    let total = FloatingPointCounter(label: "f", factory: registry)
                    let timer = Timer(label: "t", factory: registry)
                    for _ in 0..<5_000 {
                        counter.increment()
                        total.increment(by: 0.5)
                        timer.recordSeconds(2)
                    }
                }
                group.addTask { for _ in 0..<20 { _ = registry.render() } }
            }
        }
        #expect(self.lines(of: "c").last == "c 20000")
        #expect(self.lines(of: "f").last == "f 10000")
        #expect(self.lines(of: "t").suffix(2) == ["t_sum 40000", "t_count 20000"])
    }
}
