import Documents
import Persistence

/// Makes lines of the audit.
enum AuditLine {
    /// The longest difference that is written out; of a longer one the audit keeps hashes.
    private static let differenceLimit = 16_384

    /// The line of a change.
    static func draft(
        _ call: Call,
        verb: ChangeVerb,
        id: AdminObjectID,
        status: Int,
        before: [UInt8]?,
        after: [UInt8]?,
        sha256: @Sendable ([UInt8]) -> [UInt8]
    ) -> AuditRecord.Draft {
        var draft = self.draft(call, verb: verb.rawValue, kind: id.kind, name: id.name, status: status)
        // Specs hold no secrets: those are kept apart from them.
        draft.difference = self.difference(before, after, sha256)
        return draft
    }

    /// The line of anything else.
    static func draft(
        _ call: Call,
        verb: String,
        kind: String,
        name: String,
        status: Int
    ) -> AuditRecord.Draft {
        var draft = AuditRecord.Draft()
        draft.actor = call.caller?.name ?? ""
        draft.method = call.caller?.method.rawValue ?? ""
        draft.address = call.caller?.address ?? ""
        draft.requestID = call.requestID
        draft.verb = verb
        draft.kind = kind
        draft.name = name
        draft.result = status
        return draft
    }

    private static func difference(
        _ before: [UInt8]?,
        _ after: [UInt8]?,
        _ sha256: @Sendable ([UInt8]) -> [UInt8]
    ) -> [UInt8] {
        let null = Array("null".utf8)
        if (before?.count ?? 0) + (after?.count ?? 0) <= self.differenceLimit {
            return Array("{\"before\":".utf8) + (before ?? null) + Array(",\"after\":".utf8) + (after ?? null)
                + Array("}".utf8)
        }
        var document = DocumentObject()
        document["beforeSHA256"] = before.map { .string(Self.hexadecimal(sha256($0))) }
        document["afterSHA256"] = after.map { .string(Self.hexadecimal(sha256($0))) }
        return JSONWriter.write(.object(document))
    }

    /// Bytes as hexadecimal digits.
    static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.reduce(into: "") { text, byte in
            text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
    }
}
