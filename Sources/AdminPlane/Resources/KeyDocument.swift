import Documents
import MVCC
import MeshSchema
import NIOCore

/// Shows one key with its value, decoded as far as that goes.
enum KeyDocument {
    /// Returns the document of a record; never fails.
    static func document(_ record: Record) -> DocumentValue {
        let keyBytes = Array(record.key.readableBytesView)
        let key = MeshKey(keyBytes)
        let bytes = record.value
        let value = MeshValue(bytes, under: key)
        var document = DocumentObject()
        document["key"] = .string(String(decoding: keyBytes, as: UTF8.self))
        if String(validating: keyBytes, as: UTF8.self) == nil {
            document["keyBase64"] = .string(Base64.encode(keyBytes))
        }
        document["object"] = self.object(key)
        self.add(value, Array(bytes.readableBytesView), to: &document)
        document["problem"] = value.problem(under: key).map { .string($0) }
        document["createRevision"] = .string(String(record.createRevision))
        document["modRevision"] = .string(String(record.modRevision))
        document["version"] = .string(String(record.version))
        if record.lease != 0 { document["lease"] = .string(String(record.lease)) }
        return .object(document)
    }

    /// What the key is to Cilium.
    private static func object(_ key: MeshKey) -> DocumentValue {
        var object = DocumentObject()
        object["kind"] = .string(key.kind.rawValue)
        switch key.tree {
        case .state: object["tree"] = "state"
        case .cache: object["tree"] = "cache"
        case nil: break
        }
        object["cluster"] = key.cluster.map { .string($0) }
        object["namespace"] = key.namespace.map { .string($0) }
        object["name"] = key.name.map { .string($0) }
        return .object(object)
    }

    private static func add(_ value: MeshValue, _ bytes: [UInt8], to document: inout DocumentObject) {
        if case .identity(let identity) = value {
            let labels = identity.labels.map { ("\($1.source):\($0)", $1.value) }
            // A source and a key are one label's.
            document["value"] = .object(DocumentObject(Dictionary(uniqueKeysWithValues: labels)))
        } else if let text = String(validating: bytes, as: UTF8.self) {
            document["value"] = self.structure(bytes) ?? .string(text)
        } else {
            document["valueBase64"] = .string(Base64.encode(bytes))
        }
    }

    /// The value of an object or an array in JSON.
    private static func structure(_ bytes: [UInt8]) -> DocumentValue? {
        guard let first = bytes.first, first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else {
            return nil
        }
        // Losing the error is right: what is not JSON is text, and what should have been has a problem.
        return try? JSONReader.read(bytes)
    }
}

/// Base64 with padding (RFC 4648, section 4).
enum Base64 {
    static func encode(_ bytes: [UInt8]) -> String {
        let text = Base64URL.encode(bytes).utf8.map { byte in
            switch byte {
            case UInt8(ascii: "-"): UInt8(ascii: "+")
            case UInt8(ascii: "_"): UInt8(ascii: "/")
            default: byte
            }
        }
        let padding = Array(repeating: UInt8(ascii: "="), count: (4 - text.count % 4) % 4)
        return String(decoding: text + padding, as: UTF8.self)
    }
}
