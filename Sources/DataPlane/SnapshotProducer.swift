import EtcdAPI
import FoundationEssentials
import NIOCore
import SnapshotFile
import SwiftProtobuf
import Synchronization

/// The SHA-256 digest of bytes that come one part after the other.
package protocol SnapshotDigest: AnyObject {
    /// Adds bytes.
    func update(_ bytes: RawSpan) throws

    /// Returns the 32 bytes of the digest; nothing can be added afterwards.
    func finish() throws -> [UInt8]
}

/// Makes the messages of one snapshot, a few at a time, wherever it is called; the caller waits.
///
/// Between two calls it keeps the records and a few pages, never the file.
final class SnapshotProducer: Sendable {
    /// The bytes of the file in one message (etcd `v3rpc/maintenance.go`).
    static let chunkByteCount = 32 << 10
    /// How many messages one call makes, so that a call takes a millisecond or so.
    private static let chunksPerCall = 8

    /// Encoded messages, in order.
    struct Batch: Sendable {
        var messages: [ByteBuffer] = []
        /// Whether the last message is among them.
        var isLast = false
    }

    private struct Progress {
        var writer: BoltFileWriter
        let digest: any SnapshotDigest
        /// Pages that were made and not yet sent.
        var pages = ByteBuffer()
        var remaining: Int
    }

    private enum Stage {
        /// The whole state is kept until the file is laid out; afterwards its records are.
        case planned(SnapshotContents)
        case sending(Progress)
        case failed
    }

    private let version: String
    private let header: ResponseHeader
    private let makeDigest: @Sendable () throws -> any SnapshotDigest
    /// Held while pages are made; nobody else waits for it, since the next call follows the last answer.
    private let stage: Mutex<Stage>

    init(
        _ contents: SnapshotContents,
        header: ResponseHeader,
        makeDigest: @escaping @Sendable () throws -> any SnapshotDigest
    ) {
        self.stage = Mutex(.planned(contents))
        self.version = contents.storageVersion
        self.header = header
        self.makeDigest = makeDigest
    }

    /// Makes the next messages.
    ///
    /// - Throws: ``SnapshotFileError``, or what the digest throws.
    func next() throws -> Batch {
        try self.stage.withLock { stage in
            // Taken out first, so that changing it copies nothing.
            let current = stage
            stage = .failed
            switch consume current {
            case .planned(let contents):
                let writer = try contents.layOut()
                let digest = try self.makeDigest()
                stage = .sending(Progress(writer: writer, digest: digest, remaining: writer.byteCount))
                // The layout of a large store takes as long as several batches.
                return Batch()
            case .sending(var progress):
                let batch = try self.advance(&progress)
                stage = .sending(progress)
                return batch
            case .failed:
                preconditionFailure("a snapshot that failed has no next messages")
            }
        }
    }

    private func advance(_ progress: inout Progress) throws -> Batch {
        var batch = Batch()
        while progress.remaining > 0, batch.messages.count < Self.chunksPerCall {
            progress.writer.appendPages(to: &progress.pages, byteCount: Self.chunkByteCount)
            let count = min(Self.chunkByteCount, progress.remaining)
            guard let chunk = progress.pages.readSlice(length: count) else {
                preconditionFailure("a snapshot is shorter than it was laid out")
            }
            progress.pages.discardReadBytes()
            progress.remaining -= count
            try progress.digest.update(chunk.readableBytesSpan)
            batch.messages.append(try self.message(Array(chunk.readableBytesView), progress.remaining))
        }
        guard progress.remaining == 0 else { return batch }
        batch.messages.append(try self.message(try progress.digest.finish(), 0))
        batch.isLast = true
        return batch
    }

    private func message(_ blob: [UInt8], _ remaining: Int) throws -> ByteBuffer {
        var response = Etcdserverpb_SnapshotResponse()
        // etcd sends no header here, but mesh clients drop the connection without one.
        response.header = self.header.message
        response.remainingBytes = UInt64(remaining)
        response.blob = Data(blob)
        response.version = self.version
        let bytes: [UInt8] = try response.serializedBytes()
        return ByteBuffer(bytes: bytes)
    }
}
