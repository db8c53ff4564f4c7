import Foundation
import NIOCore

/// Measures the part of a run between its creation and `stop`: wall clock, and the CPU of both sides.
struct Stopwatch {
    private let server: ServerProcess
    private let client = ServerProcess(id: getpid())
    private let began: NIODeadline
    private let serverCPU: Double
    private let clientCPU: Double

    init(server: ServerProcess) throws {
        self.server = server
        self.clientCPU = try self.client.cpuSeconds()
        self.serverCPU = try server.cpuSeconds()
        self.began = .now()
    }

    /// Writes what was measured for `operations` operations into `report`.
    func stop(into report: inout Report, operations: Int) throws {
        let seconds = Double((NIODeadline.now() - self.began).nanoseconds) / 1e9
        report.operations = operations
        report.seconds = seconds
        report.operationsPerSecond = Double(operations) / seconds
        report.serverCPUSeconds = try self.server.cpuSeconds() - self.serverCPU
        report.serverCPUMicrosecondsPerOperation = report.serverCPUSeconds * 1e6 / Double(max(1, operations))
        report.clientCPUSeconds = try self.client.cpuSeconds() - self.clientCPU
        try report.setMemory(of: self.server)
    }
}
