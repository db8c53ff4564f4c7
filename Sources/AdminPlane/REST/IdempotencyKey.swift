import Documents
import MicroHTTP
import NIOCore
import Persistence

/// The key under which a POST is done once, however often it comes (draft-ietf-httpapi-idempotency-key-header).
///
/// The answer is written in the transaction of the change, so there is no moment at which one exists without
/// the other. A request that comes while the first is being done waits behind it, for changes are made one
/// after the other. Secrets are not kept: a repetition is answered without them.
struct IdempotencyKey: Sendable {
    /// The key as it is stored: apart for each caller.
    let storedKey: String
    private let requestHash: [UInt8]

    /// Reads the field; `nil` when the request has none or is no POST.
    ///
    /// - Parameter content: Stands for the body of a request that went to a file.
    /// - Throws: 400 for a key that is empty, too long or not visible ASCII.
    init?(
        _ call: Call,
        _ environment: AdminEnvironment,
        content: () throws(Problem) -> [UInt8]? = { () throws(Problem) in nil }
    ) throws(Problem) {
        guard call.request.method == "POST", let key = call.request.fields["Idempotency-Key"] else {
            return nil
        }
        guard (1...128).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw Problem(.badRequest, "Idempotency-Key must be 1 to 128 visible ASCII characters")
        }
        // SQLite ends a text at a zero byte, so the length keeps the two parts apart.
        let caller = call.caller?.name ?? ""
        self.storedKey = "\(caller.utf8.count) \(caller) \(key)"
        let query = call.query.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let head = ([call.request.method, call.request.target.rawPath] + query).joined(separator: "\u{0}")
        let body =
            try content() ?? call.document.map { JSONWriter.write($0.canonical) }
            ?? Array(call.request.body.readableBytesView)
        self.requestHash = environment.sha256(Array(head.utf8) + [0] + body)
    }

    /// What is stored of an answer.
    func answer(_ reply: Reply) -> StoredAnswer {
        var content: [UInt8] = []
        if case .json(let bytes) = reply.content { content = bytes }
        let fields = reply.fields.fields.map { "\($0.name): \($0.value)\n" }.joined()
        return StoredAnswer(
            requestHash: self.requestHash,
            status: reply.status,
            bytes: Array((fields + "\n").utf8) + content
        )
    }

    /// The answer of a repetition.
    func replay(_ answer: StoredAnswer) -> Result<StoredObjects.Change, Problem> {
        self.reply(answer).map { StoredObjects.Change(reply: $0, object: nil, isReplayed: true) }
    }

    /// The stored answer, if it is one to this request.
    func reply(_ answer: StoredAnswer) -> Result<Reply, Problem> {
        guard answer.requestHash == self.requestHash else {
            return .failure(Problem(.idempotencyMismatch, "the key was used for another request before"))
        }
        let newline = UInt8(ascii: "\n")
        var fields: HeaderFields = ["Idempotency-Replayed": "true"]
        var rest = answer.bytes[...]
        while let end = rest.firstIndex(of: newline) {
            let line = String(decoding: rest[..<end], as: UTF8.self)
            rest = rest[(end + 1)...]
            guard let colon = line.firstIndex(of: ":") else { break }
            fields.add(String(line[..<colon]), line[line.index(after: colon)...].trimmingSpaces())
        }
        return .success(Reply(answer.status, rest.isEmpty ? .none : .json(Array(rest)), fields: fields))
    }
}
