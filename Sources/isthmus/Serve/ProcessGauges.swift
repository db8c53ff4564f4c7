import Foundation
import Telemetry

/// What Prometheus' own client libraries tell of every process, read from `/proc` at each scrape.
enum ProcessGauges {
    /// Registers them; where there is no `/proc` they are zero.
    static func register(in registry: MetricsRegistry) {
        registry.describe("process_cpu_seconds_total", help: "User and system CPU time in seconds.")
        registry.register(counter: "process_cpu_seconds_total") { self.cpuSeconds }
        let gauges: [(name: String, help: String, read: @Sendable () -> Double)] = [
            ("process_resident_memory_bytes", "Resident memory in bytes.", { self.statusBytes("VmRSS:") }),
            ("process_virtual_memory_bytes", "Virtual memory in bytes.", { self.statusBytes("VmSize:") }),
            ("process_open_fds", "Open file descriptors.", { self.openFiles }),
            ("process_max_fds", "The limit of open file descriptors.", { self.fileLimit }),
        ]
        for gauge in gauges {
            registry.describe(gauge.name, help: gauge.help)
            registry.register(gauge: gauge.name, read: gauge.read)
        }
        let start = self.startSeconds
        registry.describe("process_start_time_seconds", help: "When the process began, since 1970.")
        registry.register(gauge: "process_start_time_seconds") { start }
    }

    private static var openFiles: Double {
        // No such directory: not Linux, or `/proc` is not mounted.
        Double((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0)
    }

    private static var fileLimit: Double {
        let line = self.lines("/proc/self/limits").first { $0.hasPrefix("Max open files") }
        return line.flatMap { Double($0.split(separator: " ")[3]) } ?? 0
    }

    private static func statusBytes(_ field: String) -> Double {
        let line = self.lines("/proc/self/status").first { $0.hasPrefix(field) }
        return line.flatMap { Double($0.split(whereSeparator: \.isWhitespace)[1]) }.map { $0 * 1_024 } ?? 0
    }

    private static var cpuSeconds: Double {
        let ticks = self.statistics
        guard ticks.count > 12, let user = Double(ticks[11]), let system = Double(ticks[12]) else { return 0 }
        return (user + system) / self.ticksPerSecond
    }

    private static var startSeconds: Double {
        let ticks = self.statistics
        let boot = self.lines("/proc/stat").first { $0.hasPrefix("btime ") }?.split(separator: " ").last
        guard ticks.count > 19, let start = Double(ticks[19]), let boot, let bootSeconds = Double(boot) else {
            return 0
        }
        return bootSeconds + start / self.ticksPerSecond
    }

    /// The fields of `/proc/self/stat` behind the program's name, which may contain anything.
    private static var statistics: [Substring] {
        let text = self.lines("/proc/self/stat").joined(separator: " ")
        guard let end = text.lastIndex(of: ")") else { return [] }
        return text[text.index(after: end)...].split(separator: " ")
    }

    private static var ticksPerSecond: Double { Double(sysconf(Int32(_SC_CLK_TCK))) }

    private static func lines(_ path: String) -> [Substring] {
        // Not `contents(atPath:)`: files of `/proc` have no size.
        guard let file = FileHandle(forReadingAtPath: path) else { return [] }
        let text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
        return text.split(separator: "\n")
    }
}
