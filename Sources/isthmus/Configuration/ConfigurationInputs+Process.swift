import FoundationEssentials
import NIOCore

extension ConfigurationInputs {
    /// The inputs of the running process.
    ///
    /// The only place that asks the process and the machine.
    static func ofThisProcess(flags: [Setting: String]) -> ConfigurationInputs {
        ConfigurationInputs(
            flags: flags,
            environment: ProcessInfo.processInfo.environment,
            coreCount: System.coreCount,
            isReadable: { FileManager.default.isReadableFile(atPath: $0) }
        )
    }
}
