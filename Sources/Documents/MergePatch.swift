/// JSON merge patches (RFC 7396).
package enum MergePatch {
    /// Returns `target` changed by `patch`: members are merged, `null` removes one, all else replaces.
    ///
    /// - Complexity: O(*n* · *m*) for objects of *n* and *m* members; the depth is that of the patch.
    package static func apply(_ patch: DocumentValue, to target: DocumentValue) -> DocumentValue {
        guard case .object(let changes) = patch else { return patch }
        var result = target.object ?? DocumentObject()
        for member in changes.members {
            if member.value == .null {
                result[member.name] = nil
            } else {
                result[member.name] = self.apply(member.value, to: result[member.name] ?? .null)
            }
        }
        return .object(result)
    }
}
