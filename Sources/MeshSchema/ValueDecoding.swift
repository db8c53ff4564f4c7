import FoundationEssentials
import NIOCore

/// Reads the JSON of a value that some version of Cilium wrote, with sentences for what does not fit.
enum ValueDecoding {
    /// Decodes a value.
    ///
    /// - Throws: What `failure` makes of the reason.
    static func decode<Wire: Decodable>(
        _ type: Wire.Type,
        from bytes: ByteBuffer,
        failure: (String) -> MeshSchemaError
    ) throws(MeshSchemaError) -> Wire {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes.readableBytesView))
        } catch let error as DecodingError {
            throw failure(self.reason(of: error))
        } catch {
            throw failure(self.notJSON)
        }
    }

    /// Decodes the value of an object.
    ///
    /// - Throws: ``MeshSchemaError/malformedValue(resource:reason:)``.
    static func decode<Wire: Decodable>(
        _ type: Wire.Type,
        from bytes: ByteBuffer,
        resource: ResourceKind
    ) throws(MeshSchemaError) -> Wire {
        try self.decode(type, from: bytes) { .malformedValue(resource: resource, reason: $0) }
    }

    private static func reason(of error: DecodingError) -> String {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context): self.reason(at: context)
        case .keyNotFound(let key, _): "the field \"\(key.stringValue)\" is missing"
        case .dataCorrupted(let context):
            context.codingPath.isEmpty ? self.notJSON : self.reason(at: context)
        @unknown default: self.notJSON
        }
    }

    // The decoder says the same of bytes that are not JSON and of numbers beyond 64 bits.
    private static let notJSON = "it is not JSON, or it has a number that does not fit"

    static func unfit(field: String) -> String {
        "the field \"\(field)\" has the wrong type or does not fit"
    }

    private static func reason(at context: DecodingError.Context) -> String {
        guard !context.codingPath.isEmpty else { return "it is not a JSON object" }
        return self.unfit(field: context.codingPath.map(\.stringValue).joined(separator: "."))
    }
}

/// A number that is read wider than it may be, because the decoder does not name the field of one that does
/// not fit.
struct WireNumber<Number: FixedWidthInteger>: Decodable {
    let value: Number

    init(from decoder: any Decoder) throws {
        let wide = try decoder.singleValueContainer().decode(Int64.self)
        guard let value = Number(exactly: wide) else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: ""))
        }
        self.value = value
    }
}

/// Go's `net.IPNet` in JSON: an address and the base64 of its mask.
struct WireBlock: Decodable {
    var ip: String
    var mask: Data

    private enum CodingKeys: String, CodingKey {
        case ip = "IP"
        case mask = "Mask"
    }

    /// Returns the block; `nil` when address and mask do not fit.
    var block: AddressBlock? {
        guard let address = IPAddress(self.ip) else { return nil }
        return AddressBlock(containing: address, mask: Array(self.mask))
    }
}

extension GoJSON {
    /// Adds a member that holds a block as Go's `net.IPNet`; nothing is `null`.
    mutating func member(_ name: String, _ block: AddressBlock?) {
        self.member(name) { json in
            guard let block else { return json.literal("null") }
            json.block(block)
        }
    }

    /// Writes a block as Go's `net.IPNet`.
    mutating func block(_ block: AddressBlock) {
        self.object { json in
            json.member("IP", block.network.description)
            json.member("Mask", Data(block.mask).base64EncodedString())
        }
    }
}
