import CoreMetrics
import Synchronization

/// Keeps what meters show; everything else is lost.
final class MeterSpy: MetricsFactory {
    private final class Handler: MeterHandler {
        let value = Atomic<Int64>(0)

        func set(_ value: Int64) { self.value.store(value, ordering: .relaxed) }
        func set(_ value: Double) { self.set(Int64(value)) }
        func increment(by amount: Double) { self.value.add(Int64(amount), ordering: .relaxed) }
        func decrement(by amount: Double) { self.value.subtract(Int64(amount), ordering: .relaxed) }
    }

    private let meters = Mutex<[String: Handler]>([:])

    subscript(_ label: String) -> Int64? {
        self.meters.withLock { $0[label]?.value.load(ordering: .relaxed) }
    }

    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        self.meters.withLock { meters in
            let handler = meters[label] ?? Handler()
            meters[label] = handler
            return handler
        }
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        NOOPMetricsHandler.instance
    }

    func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        NOOPMetricsHandler.instance
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        NOOPMetricsHandler.instance
    }

    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
}
