import Foundation
import PKI
import SnapshotFile

/// A snapshot as a file: a database, and behind it the SHA-256 digest of it.
final class SnapshotSource {
    private static let digestByteCount = 32
    /// The size of disk sectors: databases are multiples of it, so the rest tells whether a digest follows.
    private static let sectorByteCount = 512
    /// How much is read at once for the digest.
    private static let blockByteCount = 1 << 20

    private let path: String
    private let file: FileHandle
    private let byteCount: Int
    /// Whether there is a digest behind the database.
    private var hasDigest: Bool { self.byteCount % Self.sectorByteCount == Self.digestByteCount }

    private init(path: String, file: FileHandle, byteCount: Int) {
        self.path = path
        self.file = file
        self.byteCount = byteCount
    }

    /// Opens a file.
    static func open(_ path: String) throws(StartFailure) -> SnapshotSource {
        do {
            let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
            let attributes = try FileManager.default.attributesOfItem(atPath: target)
            guard attributes[.type] as? FileAttributeType == .typeRegular else {
                throw StartFailure(description: "\(path) is not a regular file")
            }
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            return SnapshotSource(path: path, file: file, byteCount: Int(try file.seekToEnd()))
        } catch let failure as StartFailure {
            throw failure
        } catch {
            throw StartFailure(description: "\(path) cannot be opened: \(error.localizedDescription)")
        }
    }

    /// The size of the database in bytes.
    var databaseByteCount: Int { self.hasDigest ? self.byteCount - Self.digestByteCount : self.byteCount }

    /// Returns the digest at the end of the file, or `nil` when there is none and none is required.
    func checksum(isRequired: Bool) throws -> [UInt8]? {
        if self.hasDigest {
            return try self.read(at: self.databaseByteCount, byteCount: Self.digestByteCount)
        }
        guard isRequired else { return nil }
        throw StartFailure(
            description:
                "\(self.path) cannot be restored: it has \(self.byteCount) bytes, so it does not end "
                + "with a checksum; it is cut short, or was copied from a data directory, and then "
                + "--skip-hash-check accepts it"
        )
    }

    /// Compares the digest of the database with the one that was stored.
    func verify(_ expected: [UInt8]) throws {
        let digest = try SHA256Digest()
        var offset = 0
        while offset < self.databaseByteCount {
            let count = min(Self.blockByteCount, self.databaseByteCount - offset)
            let block = try self.read(at: offset, byteCount: count)
            try digest.update(block.span.bytes)
            offset += count
        }
        guard try digest.finish() == expected else {
            throw StartFailure(
                description: "\(self.path) cannot be restored: its contents do not have the SHA-256 digest "
                    + "that its last \(Self.digestByteCount) bytes give, so it is damaged or cut short"
            )
        }
    }

    /// Reads exactly so many bytes.
    func read(at offset: Int, byteCount: Int) throws(SnapshotFileError) -> [UInt8] {
        let found: Data?
        do {
            try self.file.seek(toOffset: UInt64(offset))
            found = try self.file.read(upToCount: byteCount)
        } catch {
            throw .unreadable(offset: offset, reason: error.localizedDescription)
        }
        guard let found, found.count == byteCount else {
            throw .unreadable(offset: offset, reason: "the file became shorter")
        }
        return Array(found)
    }
}
