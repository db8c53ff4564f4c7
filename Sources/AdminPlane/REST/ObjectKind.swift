package import Documents
package import MeshResources
package import Persistence

/// A kind of objects that are kept in the admin store and have the usual operations.
package struct ObjectKind: Sendable {
    /// What a spec is checked against.
    package struct Context {
        /// The cluster of the server.
        package let cluster: ClusterContext
        /// The object's name; of a namespaced kind `<namespace>/<name>`.
        package let name: String
        /// The objects of a kind, as they are when the change is made.
        package let objects: (_ plural: String) -> ArraySlice<AdminObject>
    }

    /// What makes an object take effect.
    package enum Effect: Sendable, Hashable {
        /// Being written is all there is to it.
        case immediate
        /// A reconciler carries it into the key-value store.
        case published
        /// Nothing acts on it yet; the sentence says what that means.
        case none(String)
    }

    /// The kind as documents have it, such as `Peer`.
    package let kind: String
    /// The element of paths and the kind in the admin store, such as `peers`.
    package let plural: String
    /// The beginning of event types, such as `peer`.
    package let singular: String
    /// Whether names have two parts.
    package var isNamespaced = false
    /// Who may read.
    package var readScope = TokenScope.viewer
    /// Who may change.
    package var writeScope = TokenScope.operator
    /// What makes an object take effect.
    package var effect = Effect.immediate
    /// Whether the status that is kept with an object is shown as it is.
    package var keepsStatus = false
    /// What the event of a new object is called, after ``singular``.
    package var creationEvent = "created"
    /// Says what is wrong with a name in a sentence, or nothing.
    package let nameProblem: @Sendable (_ name: String, ClusterContext) -> String?
    /// Notes what is wrong with a spec.
    package let checkSpec: @Sendable (_ spec: FieldReader, Context) -> Void

    /// Several objects of this kind, as names of operations have it, such as `ExportRules`.
    var many: String {
        self.plural.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    /// The id of an object of this kind.
    func id(_ name: String) -> AdminObjectID { AdminObjectID(kind: self.plural, name: name) }
}
