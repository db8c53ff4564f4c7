import NIOCore

/// What those watchers of a group missed that read on from the same revision: encoded once a turn.
struct CatchUpSegment {
    let segment: ByteBuffer
    let lastRevision: Int64
}

/// What watchers of one ``CatchUpSegment`` have in common.
struct CatchUpKey: Hashable {
    let group: ObjectIdentifier
    let next: Int64
}
