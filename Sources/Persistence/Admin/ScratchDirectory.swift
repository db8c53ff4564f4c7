import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A directory for files that nobody needs any more when the process ends: backups on their way out, and in.
///
/// Any thread. Bounded by the number of files; what a crash leaves is removed at the next start.
package final class ScratchDirectory: Sendable {
    /// The most files at a time.
    package static let fileLimit = 4

    /// Where it is.
    package let path: String
    private let state = Mutex((count: 0, next: 0))

    /// Creates the directory, or empties the one that is there.
    ///
    /// - Throws: ``PersistenceError``.
    package init(path: String) throws(PersistenceError) {
        self.path = path
        if mkdir(path, S_IRWXU) != 0, errno != EEXIST {
            throw PersistenceError.ofFile(path, errno, "creating the directory")
        }
        guard let directory = opendir(path) else {
            throw PersistenceError.ofFile(path, errno, "reading the directory")
        }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { unlink(path + "/" + name) }
        }
    }

    /// Names a file that is not there yet, and is removed when the object goes; `nil` when there are too many.
    package func makeFile() -> ScratchFile? {
        let number = self.state.withLock { state -> Int? in
            guard state.count < Self.fileLimit else { return nil }
            state.count += 1
            state.next += 1
            return state.next
        }
        return number.map { ScratchFile(self.path + "/\($0).db", in: self) }
    }

    fileprivate func dismiss() { self.state.withLock { $0.count -= 1 } }
}

/// A file that lives as long as its object.
///
/// Any thread; blocks as files do, which for one this young is the copying of memory.
package final class ScratchFile: Sendable {
    private struct State {
        var descriptor: Int32?
        var size: Int64 = 0
        var failure: PersistenceError?
    }

    /// Where it is.
    package let path: String
    private let directory: ScratchDirectory
    private let state = Mutex(State())

    fileprivate init(_ path: String, in directory: ScratchDirectory) {
        self.path = path
        self.directory = directory
    }

    deinit {
        self.state.withLock { state in
            if let descriptor = state.descriptor { _ = close(descriptor) }
        }
        for suffix in ["", "-journal", "-wal", "-shm"] { unlink(self.path + suffix) }
        self.directory.dismiss()
    }

    /// Adds bytes at the end.
    ///
    /// The first error is kept for ``finish()``; what comes after it is dropped.
    package func append(_ bytes: [UInt8]) {
        self.state.withLock { state in
            guard state.failure == nil else { return }
            do throws(PersistenceError) {
                let descriptor = try self.open(&state, O_WRONLY | O_CREAT | O_EXCL)
                let code = Self.write(bytes, to: descriptor)
                guard code == 0 else { throw .ofFile(self.path, code, "writing") }
                state.size += Int64(bytes.count)
            } catch {
                state.failure = error
            }
        }
    }

    /// Ends the writing, so that others can open the file.
    ///
    /// - Returns: The number of bytes.
    /// - Throws: The first error of ``append(_:)``.
    package func finish() throws(PersistenceError) -> Int64 {
        let (size, failure) = self.state.withLock { state in
            if let descriptor = state.descriptor.take() { _ = close(descriptor) }
            return (state.size, state.failure)
        }
        if let failure { throw failure }
        return size
    }

    /// Reads bytes at a place; fewer only at the end of the file.
    ///
    /// - Throws: ``PersistenceError``.
    package func read(at offset: Int64, count: Int) throws(PersistenceError) -> [UInt8] {
        let descriptor = try self.readingDescriptor()
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let result = bytes[filled...].withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress, $0.count, off_t(offset) + off_t(filled))
            }
            if result < 0, errno == EINTR { continue }
            guard result >= 0 else { throw .ofFile(self.path, errno, "reading") }
            guard result > 0 else { break }
            filled += result
        }
        bytes.removeLast(count - filled)
        return bytes
    }

    private func readingDescriptor() throws(PersistenceError) -> Int32 {
        let result = self.state.withLock { state -> Result<Int32, PersistenceError> in
            do throws(PersistenceError) {
                return .success(try self.open(&state, O_RDONLY))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func open(_ state: inout State, _ flags: Int32) throws(PersistenceError) -> Int32 {
        if let descriptor = state.descriptor { return descriptor }
        let descriptor = openFile(self.path, flags | O_CLOEXEC)
        guard descriptor >= 0 else { throw .ofFile(self.path, errno, "opening") }
        state.descriptor = descriptor
        return descriptor
    }

    /// Writes all bytes; returns the operating system's error number, or zero.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let part = UnsafeRawBufferPointer(rebasing: rest)
                let count = writeBytes(descriptor, part)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return count < 0 ? errno : EIO }
                rest = rest.dropFirst(count)
            }
            return 0
        }
    }
}

private func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}

/// Opens a file that only this user may read.
private func openFile(_ path: String, _ flags: Int32) -> Int32 { open(path, flags, S_IRUSR | S_IWUSR) }

extension PersistenceError {
    /// The error of an operation on a file.
    static func ofFile(_ path: String, _ code: Int32, _ what: String) -> PersistenceError {
        if code == ENOSPC || code == EDQUOT { return .diskFull(path: path) }
        return .io(path: path, code: code, reason: "\(what): \(String(cString: strerror(code)))")
    }
}
