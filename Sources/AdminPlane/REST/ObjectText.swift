import Documents
import Persistence

/// Writes stored objects as JSON.
///
/// Spec and status are spliced in as they are kept: they are JSON already.
enum ObjectText {
    /// The text of an object.
    static func json(_ object: AdminObject, _ kind: ObjectKind, status: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(object.spec.count + status.count + 512)
        bytes += Array("{\"kind\":\"\(kind.kind)\",\"metadata\":".utf8)
        bytes += JSONWriter.write(self.metadata(object, kind))
        bytes += Array(",\"spec\":".utf8)
        bytes += object.spec
        bytes += Array(",\"status\":".utf8)
        bytes += status
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    /// The text of a list, from the texts of its items.
    static func list(_ kind: String, items: [[UInt8]], metadata: DocumentValue) -> [UInt8] {
        var bytes = Array("{\"kind\":\"\(kind)List\",\"items\":[".utf8)
        bytes.reserveCapacity(items.reduce(256) { $0 + $1.count + 1 })
        for (index, item) in items.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += item
        }
        bytes += Array("],\"metadata\":".utf8) + JSONWriter.write(metadata)
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    /// An object's metadata.
    static func metadata(_ object: AdminObject, _ kind: ObjectKind) -> DocumentValue {
        var metadata = self.written(object, kind)
        metadata["uid"] = .string(object.uid)
        metadata["resourceVersion"] = .string(String(object.resourceVersion))
        metadata["generation"] = .integer(object.generation)
        metadata["creationTimestamp"] = .string(Moment.text(object.createdAt))
        metadata["deletionTimestamp"] = object.deletedAt.map { .string(Moment.text($0)) }
        return .object(metadata)
    }

    /// The part of the metadata that a client writes.
    private static func written(_ object: AdminObject, _ kind: ObjectKind) -> DocumentObject {
        var metadata = self.names(object.name, kind)
        if !object.labels.isEmpty { metadata["labels"] = .object(DocumentObject(object.labels)) }
        if !object.annotations.isEmpty {
            metadata["annotations"] = .object(DocumentObject(object.annotations))
        }
        return metadata
    }

    /// The part of the metadata that names an object.
    static func names(_ name: String, _ kind: ObjectKind) -> DocumentObject {
        var metadata = DocumentObject()
        let parts = name.split(separator: "/", maxSplits: 1)
        if kind.isNamespaced, parts.count == 2 {
            metadata["namespace"] = .string(String(parts[0]))
            metadata["name"] = .string(String(parts[1]))
        } else {
            metadata["name"] = .string(name)
        }
        return metadata
    }

    /// The text of the object as a client writes it: without what the server adds.
    static func source(_ object: AdminObject, _ kind: ObjectKind) -> [UInt8] {
        Array("{\"kind\":\"\(kind.kind)\",\"metadata\":".utf8)
            + JSONWriter.write(.object(self.written(object, kind))) + Array(",\"spec\":".utf8) + object.spec
            + [UInt8(ascii: "}")]
    }

    /// The object as a client writes it: without what the server adds.
    static func document(_ object: AdminObject, _ kind: ObjectKind) -> DocumentValue {
        let metadata = self.written(object, kind)
        let spec = (try? JSONReader.read(object.spec)) ?? .object(DocumentObject())
        return ["kind": .string(kind.kind), "metadata": .object(metadata), "spec": spec]
    }
}
