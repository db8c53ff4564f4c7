import Foundation

/// A file that only its owner can read, and that appears under its name when it is complete.
struct PrivateFile {
    private let path: String
    private let partialPath: String
    private let handle: FileHandle

    /// Creates the file under another name, `PATH.partial-…`.
    ///
    /// - Throws: A failure with ``ExitStatus/failed``.
    init(path: String) throws(CommandFailure) {
        self.path = path
        self.partialPath = "\(path).partial-\(ProcessInfo.processInfo.processIdentifier)"
        let descriptor = open(self.partialPath, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CommandFailure(.failed, "\(path) cannot be written: \(Self.reason)")
        }
        self.handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// Adds bytes.
    func write(_ bytes: [UInt8]) throws(CommandFailure) {
        do {
            try self.handle.write(contentsOf: Data(bytes))
        } catch {
            throw CommandFailure(
                .failed,
                "\(self.path) cannot be written: \((error as NSError).localizedDescription)"
            )
        }
    }

    /// Syncs the file and gives it its name.
    ///
    /// - Parameter replacing: Whether a file of that name is replaced, or an error.
    func finish(replacing: Bool) throws(CommandFailure) {
        let isSynced = fsync(self.handle.fileDescriptor) == 0
        // A hard link, unlike a renaming, fails when the name is taken.
        let isNamed =
            isSynced
            && (replacing
                ? rename(self.partialPath, self.path) == 0
                : link(self.partialPath, self.path) == 0 && unlink(self.partialPath) == 0)
        guard isNamed else {
            let reason = Self.reason
            self.abandon()
            throw CommandFailure(.failed, "\(self.path) cannot be written: \(reason)")
        }
    }

    /// Removes what was written.
    func abandon() { unlink(self.partialPath) }

    private static var reason: String { String(cString: strerror(errno)) }
}
