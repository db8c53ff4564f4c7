import FoundationEssentials
import NIOCore
import RPC
import SwiftProtobuf

/// Messages as the gateway reads and writes them: the protocol's own JSON, with the names of its definitions.
enum GatewayJSON {
    /// Returns the encoded message that a JSON object says.
    ///
    /// As etcd does, unknown fields are ignored.
    ///
    /// - Throws: A status that says what is wrong with it.
    static func decode(_ object: ByteBuffer, as type: any Message.Type) throws(RPCStatus) -> [UInt8] {
        var options = JSONDecodingOptions()
        options.ignoreUnknownFields = true
        options.messageDepthLimit = JSONSplitter.maximumDepth
        do {
            return try type.init(jsonUTF8Bytes: Array(object.readableBytesView), options: options)
                .serializedBytes()
        } catch let error as JSONDecodingError {
            throw EtcdStatus.malformedJSON(type.protoMessageName, Self.reason(error))
        } catch {
            throw EtcdStatus.malformedJSON(type.protoMessageName, "it cannot be encoded")
        }
    }

    /// Returns the library's name of an error in words.
    private static func reason(_ error: JSONDecodingError) -> String {
        // The library calls so whatever has no name of its own, such as text that is not base 64.
        if case .failure = error { return "a value does not fit its field" }
        return "\(error)".prefix { $0 != "(" }
            .reduce(into: "") { text, letter in
                text += letter.isUppercase ? " " + letter.lowercased() : String(letter)
            }
    }

    /// Returns the JSON of an encoded message.
    ///
    /// - Throws: A status, when a service has answered with another message.
    static func encode(_ message: ByteBuffer, as type: any Message.Type) throws(RPCStatus) -> ByteBuffer {
        var options = JSONEncodingOptions()
        options.preserveProtoFieldNames = true
        do {
            let decoded = try type.init(serializedBytes: Array(message.readableBytesView))
            let bytes: [UInt8] = try decoded.jsonUTF8Bytes(options: options)
            return ByteBuffer(bytes: bytes)
        } catch {
            throw RPCStatus(code: .internal, message: "isthmus: the answer cannot be written as JSON")
        }
    }

    /// Returns the body that answers a failed call.
    ///
    /// etcd 3.4 and 3.5 write all three fields, 3.6 the last two; clients read any of them.
    static func failure(_ status: RPCStatus) -> ByteBuffer {
        let sentence = Self.quoted(status.message)
        let code = status.code.rawValue
        return ByteBuffer(string: #"{"error":\#(sentence),"code":\#(code),"message":\#(sentence)}"#)
    }

    /// Returns the line that ends a stream which failed: the fields of etcd 3.5 and of 3.6.
    static func streamFailure(_ status: RPCStatus) -> ByteBuffer {
        let sentence = Self.quoted(status.message)
        let code = status.code.rawValue
        let http = Self.httpStatus(of: status.code)
        let fields =
            #""grpc_code":\#(code),"http_code":\#(http.code),"message":\#(sentence),"#
            + #""http_status":"\#(http.phrase)","code":\#(code)"#
        return ByteBuffer(string: "{\"error\":{\(fields)}}\n")
    }

    private static func quoted(_ text: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        // A string always encodes.
        guard let data = try? encoder.encode(text) else { return "\"\"" }
        return String(decoding: data, as: UTF8.self)
    }

    /// Returns the HTTP status of a call's outcome (the gRPC gateway's table, as of etcd 3.6).
    static func httpStatus(of code: RPCCode) -> (code: Int, phrase: String) {
        switch code {
        case .ok: (200, "OK")
        case .cancelled: (499, "Client Closed Request")
        case .invalidArgument, .failedPrecondition, .outOfRange: (400, "Bad Request")
        case .deadlineExceeded: (504, "Gateway Timeout")
        case .notFound: (404, "Not Found")
        case .alreadyExists, .aborted: (409, "Conflict")
        case .permissionDenied: (403, "Forbidden")
        case .unauthenticated: (401, "Unauthorized")
        case .resourceExhausted: (429, "Too Many Requests")
        case .unimplemented: (501, "Not Implemented")
        case .unavailable: (503, "Service Unavailable")
        case .unknown, .internal, .dataLoss: (500, "Internal Server Error")
        }
    }
}
