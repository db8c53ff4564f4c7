import Foundation

/// The process of the server under test, as the kernel sees it.
struct ServerProcess: Sendable {
    /// What a process has in memory, in KiB.
    struct Memory: Sendable {
        var resident = 0
        var highest = 0
        var anonymous = 0
    }

    let id: Int32

    /// Returns the CPU time that all threads of the process have used so far, in seconds.
    ///
    /// It is the sum of `utime` and `stime` in `/proc/ID/stat`, but in nanoseconds instead of clock ticks.
    func cpuSeconds() throws -> Double {
        var clock = clockid_t()
        var time = timespec()
        guard clock_getcpuclockid(self.id, &clock) == 0, clock_gettime(clock, &time) == 0 else {
            throw LoadError.process(id: self.id, reason: "its CPU clock cannot be read")
        }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    func memory() throws -> Memory {
        guard let text = try? String(contentsOfFile: "/proc/\(self.id)/status", encoding: .utf8) else {
            throw LoadError.process(id: self.id, reason: "its memory cannot be read")
        }
        var memory = Memory()
        for line in text.split(separator: "\n") {
            let fields = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard fields.count >= 2, let value = Int(fields[1]) else { continue }
            switch fields[0] {
            case "VmRSS:": memory.resident = value
            case "VmHWM:": memory.highest = value
            case "RssAnon:": memory.anonymous = value
            default: break
            }
        }
        return memory
    }
}
