import CoreMetrics

/// Tells each increment of a counter, by its label and its dimension's value.
final class TestMetrics: MetricsFactory, Sendable {
    private let counts = Event<String>()

    /// Waits until the counter has counted.
    func counted(_ name: String) async {
        var count = 1
        while !(await self.counts.wait(count)).contains(name) { count += 1 }
    }

    private final class Handler: CounterHandler {
        let name: String
        let counts: Event<String>
        init(_ name: String, _ counts: Event<String>) {
            self.name = name
            self.counts = counts
        }
        func increment(by amount: Int64) { self.counts.tell(self.name) }
        func reset() {}
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        Handler(([label] + dimensions.map(\.1)).joined(separator: "/"), self.counts)
    }
    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        NOOPMetricsHandler.instance
    }
    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        NOOPMetricsHandler.instance
    }
    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        NOOPMetricsHandler.instance
    }
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}
