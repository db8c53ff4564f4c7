import Glibc

/// Owns one open, locked directory for keys and certificates.
///
/// This is the only code in this module that touches files. The directory has mode 0700. Files appear under
/// their names complete and synced, or not at all. All calls block.
struct SecureDirectory: ~Copyable {
    private let descriptor: Int32
    private let path: String

    /// The longest file that is read: far above any bundle, far below what hurts.
    static let largestFileBytes = 1 << 20

    deinit {
        // Closing gives the lock back, too.
        _ = close(self.descriptor)
    }

    /// Opens the directory, after making it when only its parent exists, and locks it against other
    /// processes.
    static func open(_ path: String) throws(PKIError) -> SecureDirectory {
        let isNew = unsafe mkdir(path, 0o700) == 0
        guard isNew || errno == EEXIST else { throw failure(path, "make the directory") }
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno != ENOTDIR else { throw .file(path: path, .wrongType) }
            throw failure(path, "open the directory")
        }
        let directory = SecureDirectory(descriptor: descriptor, path: path)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            guard errno != EWOULDBLOCK else { throw .file(path: path, .inUse) }
            throw failure(path, "lock the directory")
        }
        if isNew { try directory.syncParent() }
        return directory
    }

    /// The path of one of the files, for messages.
    borrowing func path(of name: String) -> String {
        "\(self.path)/\(name)"
    }

    /// Takes access from the group and from others, and returns the mode from before when there was any to
    /// take.
    ///
    /// Volume managers that apply a group to a volume widen the modes of everything in it; that is undone
    /// here instead of being an error, since the owner may do so.
    borrowing func tighten() throws(PKIError) -> UInt32? {
        try Self.tighten(self.descriptor, to: 0o700, path: self.path)
    }

    /// Whether there is something under this name.
    borrowing func contains(_ name: String) throws(PKIError) -> Bool {
        if unsafe faccessat(self.descriptor, name, F_OK, 0) == 0 { return true }
        guard errno == ENOENT else { throw failure(self.path(of: name), "look for") }
        return false
    }

    /// A file's bytes, and its mode from before when it had to be tightened.
    struct Contents {
        let bytes: SecretBytes
        let formerMode: UInt32?
    }

    /// Reads a whole file, or returns `nil` when there is none.
    borrowing func read(_ name: String, isSecret: Bool) throws(PKIError) -> Contents? {
        let path = self.path(of: name)
        // Without O_NONBLOCK, a pipe under this name would block the start forever.
        let file = unsafe openat(self.descriptor, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            guard errno != ENOENT else { return nil }
            throw failure(path, "open")
        }
        defer { _ = close(file) }
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else { throw failure(path, "examine") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .file(path: path, .wrongType) }
        guard status.st_size <= Self.largestFileBytes else {
            throw .file(path: path, .tooLarge(limitBytes: Self.largestFileBytes))
        }
        let formerMode = isSecret ? try Self.tighten(file, to: 0o600, path: path) : nil
        let bytes = try unsafe SecretBytes(capacity: Int(status.st_size)) { buffer throws(PKIError) in
            var count = 0
            while count < buffer.count {
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
                let read = unsafe Glibc.read(file, rest.baseAddress, rest.count)
                guard read >= 0 || errno == EINTR else { throw failure(path, "read") }
                guard read != 0 else { break }
                count += max(read, 0)
            }
            return count
        }
        return Contents(bytes: bytes, formerMode: formerMode)
    }

    /// Writes a whole file under a temporary name, syncs it, gives it its name, and syncs the directory.
    ///
    /// The file has its mode from the first moment. A file that has the name is replaced in one step.
    borrowing func write(_ bytes: RawSpan, to name: String, mode: mode_t) throws(PKIError) {
        let path = self.path(of: name)
        let temporary = ".\(name).new"
        // A process that was killed may have left one; nobody else can own it while we hold the lock.
        guard unsafe unlinkat(self.descriptor, temporary, 0) == 0 || errno == ENOENT else {
            throw failure(path, "remove an unfinished copy of")
        }
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let file = unsafe openat(self.descriptor, temporary, flags, mode)
        guard file >= 0 else { throw failure(path, "create") }
        do throws(PKIError) {
            defer { _ = close(file) }
            try Self.write(bytes, to: file, path: path)
            guard fsync(file) == 0 else { throw failure(path, "sync") }
        } catch {
            _ = unsafe unlinkat(self.descriptor, temporary, 0)
            throw error
        }
        guard unsafe renameat(self.descriptor, temporary, self.descriptor, name) == 0 else {
            let error = failure(path, "put in place")
            _ = unsafe unlinkat(self.descriptor, temporary, 0)
            throw error
        }
        guard fsync(self.descriptor) == 0 else { throw failure(self.path, "sync the directory") }
    }

    /// Removes a file, if it is there, and syncs the directory.
    borrowing func remove(_ name: String) throws(PKIError) {
        guard unsafe unlinkat(self.descriptor, name, 0) == 0 else {
            guard errno == ENOENT else { throw failure(self.path(of: name), "remove") }
            return
        }
        guard fsync(self.descriptor) == 0 else { throw failure(self.path, "sync the directory") }
    }

    private static func write(_ bytes: RawSpan, to file: Int32, path: String) throws(PKIError) {
        try unsafe bytes.withUnsafeBytes { buffer throws(PKIError) in
            var count = 0
            while count < buffer.count {
                let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[count...])
                let written = unsafe Glibc.write(file, rest.baseAddress, rest.count)
                guard written >= 0 || errno == EINTR else { throw failure(path, "write") }
                count += max(written, 0)
            }
        }
    }

    private static func tighten(
        _ descriptor: Int32,
        to mode: mode_t,
        path: String
    ) throws(PKIError) -> UInt32? {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw failure(path, "examine") }
        guard status.st_mode & 0o077 != 0 else { return nil }
        guard fchmod(descriptor, mode) == 0 else { throw failure(path, "take access from others to") }
        return UInt32(status.st_mode & 0o7777)
    }

    /// Makes the entry of a new directory survive a power cut.
    private borrowing func syncParent() throws(PKIError) {
        let parent = unsafe openat(self.descriptor, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { throw failure(self.path, "open the parent directory of") }
        defer { _ = close(parent) }
        guard fsync(parent) == 0 else { throw failure(self.path, "sync the parent directory of") }
    }
}

/// The error of the system call that has just failed.
private func failure(_ path: String, _ attempted: String) -> PKIError {
    .file(path: path, .inaccessible(attempted: attempted, code: errno))
}
