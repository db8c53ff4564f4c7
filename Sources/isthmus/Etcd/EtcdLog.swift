import Foundation
import Logging
import Telemetry

/// The log of `--log-outputs`.
enum EtcdLog {
    /// Makes the logger of the process.
    ///
    /// - Throws: ``StartFailure`` when a file cannot be opened.
    static func bootstrap(_ configuration: EtcdConfiguration.Log) throws(StartFailure) -> Logger {
        var outputs: [@Sendable (String) -> Void] = []
        for name in configuration.outputs {
            switch name {
            case "stderr": outputs.append(LogSink.standardError)
            case "stdout": outputs.append { FileHandle.standardOutput.write(Data($0.utf8)) }
            case "/dev/null": break
            default: outputs.append(try Self.file(name))
            }
        }
        let all = outputs
        let sink = LogSink(level: LogLevel(configuration.level), clock: LogSink.wallClock) { line in
            for output in all { output(line) }
        }
        let form: ZapLogHandler.Form = configuration.isConsole ? .console : .json
        LoggingSystem.bootstrap { ZapLogHandler(label: $0, sink: sink, form: form) }
        return Logger(label: "etcd")
    }

    private static func file(_ path: String) throws(StartFailure) -> @Sendable (String) -> Void {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw StartFailure(description: "open \(path): \(String(cString: strerror(errno)))")
        }
        // Open until the process ends.
        let handle = FileHandle(fileDescriptor: descriptor)
        return { handle.write(Data($0.utf8)) }
    }
}
