/// The parts of etcd's answers that the works check; all bytes are borrowed from the message.
struct KeyValue {
    var key = UnsafeRawBufferPointer(start: nil, count: 0)
    var value = UnsafeRawBufferPointer(start: nil, count: 0)
    var modRevision: Int64 = 0

    init(_ bytes: UnsafeRawBufferPointer) throws(LoadError) {
        var reader = ProtoReader(bytes)
        while let (field, type) = try reader.next() {
            switch (field, type) {
            case (1, 2): self.key = try reader.delimited()
            case (3, 0): self.modRevision = try reader.int64()
            case (5, 2): self.value = try reader.delimited()
            default: try reader.skip(type: type)
            }
        }
    }
}

enum Header {
    /// Returns the revision of a `ResponseHeader`.
    static func revision(_ bytes: UnsafeRawBufferPointer) throws(LoadError) -> Int64 {
        var reader = ProtoReader(bytes)
        var revision: Int64 = 0
        while let (field, type) = try reader.next() {
            if field == 3, type == 0 { revision = try reader.int64() } else { try reader.skip(type: type) }
        }
        return revision
    }
}

struct PutAnswer {
    var revision: Int64 = 0

    init(_ bytes: UnsafeRawBufferPointer) throws(LoadError) {
        var reader = ProtoReader(bytes)
        while let (field, type) = try reader.next() {
            if field == 1, type == 2 {
                self.revision = try Header.revision(try reader.delimited())
            } else {
                try reader.skip(type: type)
            }
        }
    }
}

struct RangeAnswer {
    var revision: Int64 = 0
    var more = false
    var count: Int64 = 0

    /// Reads an answer and hands each key-value pair to `visit`, in the order of the message.
    init(
        _ bytes: UnsafeRawBufferPointer,
        visit: (KeyValue) throws(LoadError) -> Void
    ) throws(LoadError) {
        var reader = ProtoReader(bytes)
        while let (field, type) = try reader.next() {
            switch (field, type) {
            case (1, 2): self.revision = try Header.revision(try reader.delimited())
            case (2, 2): try visit(try KeyValue(try reader.delimited()))
            case (3, 0): self.more = try reader.varint() != 0
            case (4, 0): self.count = try reader.int64()
            default: try reader.skip(type: type)
            }
        }
    }
}

struct WatchAnswer {
    var watch: Int64 = 0
    var created = false
    var canceled = false

    /// Reads an answer, then hands the key-value pair of each of its events to `visit`, in order.
    ///
    /// The identifier of the watch is passed along, for it stands in front of the events.
    init(
        _ bytes: UnsafeRawBufferPointer,
        visit: (Int64, KeyValue) throws(LoadError) -> Void
    ) throws(LoadError) {
        var reader = ProtoReader(bytes)
        while let (field, type) = try reader.next() {
            switch (field, type) {
            case (2, 0): self.watch = try reader.int64()
            case (3, 0): self.created = try reader.varint() != 0
            case (4, 0): self.canceled = try reader.varint() != 0
            case (11, 2): try visit(self.watch, try Self.pair(of: try reader.delimited()))
            default: try reader.skip(type: type)
            }
        }
    }

    private static func pair(of event: UnsafeRawBufferPointer) throws(LoadError) -> KeyValue {
        var reader = ProtoReader(event)
        var pair: KeyValue?
        while let (field, type) = try reader.next() {
            switch (field, type) {
            case (1, 0): guard try reader.varint() == 0 else { throw .wrongAnswer("a delete event") }
            case (2, 2): pair = try KeyValue(try reader.delimited())
            default: try reader.skip(type: type)
            }
        }
        guard let pair else { throw .malformed("an event without a key") }
        return pair
    }
}
