/// What a power cut may take from the store.
package enum Durability: String, Hashable, Sendable, CaseIterable {
    /// Nothing that was acknowledged: every commit is synced first.
    case strict
    /// The newest commits. A restart notices, and resumes above every revision that was ever given out. A
    /// crash of the process alone takes nothing.
    case relaxed
    /// Everything, also when only the process stops.
    case memory
}
