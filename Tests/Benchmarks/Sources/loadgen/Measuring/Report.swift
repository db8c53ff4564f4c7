import Foundation

/// The figures of one run, printed as one line of JSON.
struct Report: Codable {
    var work: String
    /// What the CPU time is divided by: calls, pages, or events that reached a watcher.
    var operations = 0
    var seconds = 0.0
    var operationsPerSecond = 0.0
    /// The server's CPU time in the measured part, and per operation.
    var serverCPUSeconds = 0.0
    var serverCPUMicrosecondsPerOperation = 0.0
    var clientCPUSeconds = 0.0
    var latencyMicroseconds: [String: Double] = [:]
    /// The server's memory at the end, in KiB.
    var residentKiB = 0
    var highestResidentKiB = 0
    var anonymousKiB = 0
    var notes: [String: Double] = [:]

    init(work: String) {
        self.work = work
    }

    mutating func setLatencies(_ histogram: Histogram) {
        for (name, fraction) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999)] {
            self.latencyMicroseconds[name] = Double(histogram.quantile(fraction)) / 1000
        }
        self.latencyMicroseconds["max"] = Double(histogram.maximum) / 1000
    }

    mutating func setMemory(of server: ServerProcess) throws {
        let memory = try server.memory()
        self.residentKiB = memory.resident
        self.highestResidentKiB = memory.highest
        self.anonymousKiB = memory.anonymous
    }

    func write() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        print(String(decoding: try encoder.encode(self), as: UTF8.self))
    }
}
