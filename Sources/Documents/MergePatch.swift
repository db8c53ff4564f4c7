/// JSON merge patches (RFC 7396).
package enum MergePatch {
    /// Returns `target` changed by `patch`: members are merged, `null` removes one, all else replaces.
    ///
    /// - Complexity: O(*n* + *m*) for objects of *n* and *m* members; the depth is that of the patch.
    package static func apply(_ patch: DocumentValue, to target: DocumentValue) -> DocumentValue {
        guard case .object(let changes) = patch else { return patch }
        let old = target.object ?? DocumentObject()
        let index = MemberIndex(old)
        var members: [DocumentObject.Member?] = old.members
        for change in changes.members {
            let position = index.position(of: change.name)
            switch (position, change.value) {
            case (let position?, .null): members[position] = nil
            case (nil, .null): break
            case (let position?, let value):
                members[position]?.value = self.apply(value, to: old.members[position].value)
            case (nil, let value):
                members.append(.init(name: change.name, value: self.apply(value, to: .null)))
            }
        }
        return .object(DocumentObject(unchecked: members.compactMap(\.self)))
    }
}
