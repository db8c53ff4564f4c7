package import EtcdAPI
import Foundation
package import MVCC
import NIOCore

/// An event as a watcher was sent it, or should be.
package struct SentEvent: Hashable, Sendable, CustomStringConvertible {
    /// Whether the key was deleted.
    package var isDelete: Bool
    /// The key.
    package var key: String
    /// The new value; empty for a delete.
    package var value: String
    /// The revision that created the key; zero for a delete.
    package var createRevision: Int64
    /// The revision of the event.
    package var modRevision: Int64
    /// How often the key was written since it was created.
    package var version: Int64
    /// The lease that the key hangs on, or zero.
    package var lease: Int64
    /// What was replaced, if that is known.
    package var previous: Previous?

    /// The value and the revision of the record that was replaced.
    package struct Previous: Hashable, Sendable {
        /// Its value.
        package var value: String
        /// Its revision.
        package var modRevision: Int64

        /// Creates the description of a replaced record.
        package init(value: String, modRevision: Int64) {
            self.value = value
            self.modRevision = modRevision
        }
    }

    /// Creates the event that a record stands for; what it replaced is unknown.
    package init(_ record: Record) {
        self.isDelete = record.isTombstone
        self.key = String(buffer: record.key)
        self.value = String(buffer: record.value)
        self.createRevision = record.createRevision
        self.modRevision = record.modRevision
        self.version = record.version
        self.lease = record.lease
    }

    /// Creates the event that a client was sent.
    package init(_ event: Mvccpb_Event) {
        self.init(event.kv, isDelete: event.type == .delete)
        guard event.hasPrevKv else { return }
        self.previous = Previous(
            value: String(decoding: event.prevKv.value, as: UTF8.self),
            modRevision: event.prevKv.modRevision
        )
    }

    /// Creates the put of a key as a client read it.
    package init(_ kv: Mvccpb_KeyValue, isDelete: Bool = false) {
        self.isDelete = isDelete
        self.key = String(decoding: kv.key, as: UTF8.self)
        self.value = String(decoding: kv.value, as: UTF8.self)
        self.createRevision = kv.createRevision
        self.modRevision = kv.modRevision
        self.version = kv.version
        self.lease = kv.lease
    }

    /// The event without what it replaced.
    package var withoutPrevious: SentEvent {
        var copy = self
        copy.previous = nil
        return copy
    }

    /// The event in a few words.
    package var description: String {
        "\(self.isDelete ? "delete" : "put") \(self.key)@\(self.modRevision)"
    }
}
