/// One object of the admin plane as it is kept, immutable.
///
/// The texts of `spec` and `status` are JSON that the caller made; nothing here reads them.
package final class AdminObject: Sendable {
    /// The resource, such as `peers`; with the name, the object's identity.
    package let kind: String
    /// The name, unique within its kind.
    package let name: String
    /// A number that no other object ever has, also not one of the same name after this one is deleted.
    package let uid: String
    /// The event row of the last change; grows with every change of any object.
    package let resourceVersion: Int64
    /// The number of changes of ``spec``, from 1.
    package let generation: Int64
    /// When the object was created, in nanoseconds since 1970.
    package let createdAt: Int64
    /// When the deletion began, in nanoseconds since 1970; `nil` while nobody asked for one.
    package let deletedAt: Int64?
    /// What the object is selected by.
    package let labels: [String: String]
    /// Free text that the object carries along.
    package let annotations: [String: String]
    /// What is wanted, as JSON.
    package let spec: [UInt8]
    /// What is, as JSON.
    package let status: [UInt8]
    /// What no answer ever contains, such as the hash of a token.
    package let secret: [UInt8]

    init(_ draft: AdminObjectDraft, uid: String, resourceVersion: Int64, generation: Int64, createdAt: Int64)
    {
        self.kind = draft.kind
        self.name = draft.name
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.generation = generation
        self.createdAt = createdAt
        self.deletedAt = draft.deletedAt
        self.labels = draft.labels
        self.annotations = draft.annotations
        self.spec = draft.spec
        self.status = draft.status
        self.secret = draft.secret
    }

    /// What a caller may change of the object.
    package var draft: AdminObjectDraft {
        var draft = AdminObjectDraft(kind: self.kind, name: self.name)
        draft.deletedAt = self.deletedAt
        draft.labels = self.labels
        draft.annotations = self.annotations
        draft.spec = self.spec
        draft.status = self.status
        draft.secret = self.secret
        return draft
    }
}

/// What a caller says of an object; the store adds the rest.
package struct AdminObjectDraft: Sendable, Hashable {
    /// See ``AdminObject/kind``.
    package let kind: String
    /// See ``AdminObject/name``.
    package let name: String
    /// See ``AdminObject/deletedAt``.
    package var deletedAt: Int64?
    /// See ``AdminObject/labels``.
    package var labels: [String: String] = [:]
    /// See ``AdminObject/annotations``.
    package var annotations: [String: String] = [:]
    /// See ``AdminObject/spec``.
    package var spec: [UInt8] = Array("{}".utf8)
    /// See ``AdminObject/status``.
    package var status: [UInt8] = Array("{}".utf8)
    /// See ``AdminObject/secret``.
    package var secret: [UInt8] = []

    /// Creates an empty draft.
    package init(kind: String, name: String) {
        self.kind = kind
        self.name = name
    }
}
