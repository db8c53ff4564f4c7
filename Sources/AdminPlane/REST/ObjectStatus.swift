import Documents
import Persistence

/// The status of an object as REST shows it, computed from what a reconciler last said.
struct ObjectStatus: Sendable {
    /// The status as JSON.
    let json: [UInt8]
    /// Names the status in an entity tag; zero for one that does not change by itself.
    let number: UInt32
    /// Whether the condition `Applied` holds for the object as it is.
    let isApplied: Bool

    /// Computes the status.
    init(_ object: AdminObject, _ kind: ObjectKind, _ applied: AppliedStates) {
        switch kind.effect {
        case .immediate:
            let common = "{\"observedGeneration\":\(object.generation),\"conditions\":[]"
            // An object in JSON: what is kept goes on after its brace.
            let kept = kind.keepsStatus && object.status.count > 2 ? object.status.dropFirst() : [0x7d]
            self.json = Array((common + (kept.count > 1 ? "," : "")).utf8) + kept
            self.number = 0
            self.isApplied = true
        case .none(let message):
            let state = AppliedState(
                generation: object.generation,
                resourceVersion: object.resourceVersion,
                verdict: .no,
                reason: "NotEnforced",
                message: message,
                since: object.createdAt
            )
            self.json = JSONWriter.write(.object(Self.document(state)))
            self.number = 0
            self.isApplied = false
        case .published:
            let state = applied.state(kind.id(object.name)) ?? Self.pending(object)
            var document = Self.document(state)
            document["keys"] = .array(state.keys.map { .string($0) })
            document["revision"] = state.revision.map { .string(String($0)) }
            self.json = JSONWriter.write(.object(document))
            self.isApplied = state.verdict == .yes && state.resourceVersion >= object.resourceVersion
            self.number = Self.number(of: self.json)
        }
    }

    private static func pending(_ object: AdminObject) -> AppliedState {
        AppliedState(
            generation: 0,
            resourceVersion: 0,
            verdict: .unknown,
            reason: "Pending",
            message: "not looked at yet",
            since: object.createdAt
        )
    }

    private static func document(_ state: AppliedState) -> DocumentObject {
        var status = DocumentObject()
        status["observedGeneration"] = .integer(state.generation)
        status["conditions"] = [
            [
                "type": "Applied",
                "status": .string(state.verdict.rawValue),
                "reason": .string(state.reason),
                "message": .string(state.message),
                "lastTransitionTime": .string(Moment.text(state.since)),
                "observedGeneration": .integer(state.generation),
            ]
        ]
        return status
    }

    /// A number for a text (FNV-1a); never zero.
    static func number(of bytes: [UInt8]) -> UInt32 {
        max(1, bytes.reduce(2_166_136_261) { ($0 ^ UInt32($1)) &* 16_777_619 })
    }
}
