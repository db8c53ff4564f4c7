package import NIOCore

/// What becomes of a request's body, decided from its head.
///
/// The decision is made before anything of the body is read, so that a request which may have a large one
/// can be told from one that may not: by who asks and for what.
package enum BodyPlan: Sendable {
    /// It is kept in memory, up to so many bytes.
    case memory(limit: Int)
    /// It goes to a sink, up to so many bytes.
    case sink(any BodySink, limit: Int)
    /// The request is refused.
    case refuse(Refusal)

    /// The most bytes.
    var limit: Int {
        switch self {
        case .memory(let limit), .sink(_, let limit): limit
        case .refuse: 0
        }
    }

    /// Where the bytes go, unless they go to memory.
    var sink: (any BodySink)? {
        if case .sink(let sink, _) = self { sink } else { nil }
    }
}

/// Takes a body piece by piece, in the place of memory.
///
/// What cannot be taken is the handler's to notice: it gets the sink with the request. A request that never
/// becomes complete only lets go of it.
package protocol BodySink: AnyObject, Sendable {
    /// Takes the next bytes.
    ///
    /// Called on the daemon's thread, one call at a time; must not wait for anything but a disk.
    func take(_ bytes: ByteBuffer)
}
