/// What a consumer of a ``DirtySet`` has to look at again.
package enum Changes<Name: Hashable & Comparable & Sendable>: Equatable, Sendable {
    /// These names changed, in ascending order, each once. Empty only when the waiting task was cancelled.
    case names([Name])
    /// More names changed than the set keeps, or somebody said so: compare everything.
    case everything
}
