import Documents
import MicroHTTP
import Persistence

extension Problem {
    /// Creates the problem of a request that was refused before it was one.
    init(_ refusal: Refusal) {
        switch refusal {
        case .malformedTarget: self.init(.badRequest, "the request target is malformed")
        case .malformedHead: self.init(.badRequest, "the request's header is malformed")
        case .bodyTooLarge: self.init(.bodyTooLarge, "the body is larger than this server takes")
        case .targetTooLong: self.init(.targetTooLong, "the request target is longer than this server takes")
        case .headTooLarge: self.init(.headersTooLarge, "the header is larger than this server takes")
        case .tooManyFields: self.init(.headersTooLarge, "there are more fields than this server takes")
        case .overloaded: self.init(.notAvailable, "too many requests are being answered")
        case .stopping: self.init(.notAvailable, "the server is stopping")
        case .badResponse: self.init(.internal, "the answer could not be sent")
        }
        if refusal == .overloaded { self.retryAfterSeconds = 1 }
    }

    /// Creates the problem of a mutation or a read that the store did not do.
    init(_ error: AdminStoreError) {
        switch error {
        case .overloaded:
            self.init(.notAvailable, "too many changes wait to be written")
            self.retryAfterSeconds = 1
        case .closed: self.init(.notAvailable, "the server is stopping")
        case .persistence(.diskFull):
            self.init(.storageFull, "the disk of the server is full; nothing was changed")
        case .persistence: self.init(.internal, "admin.db cannot be read or written; the log says why")
        }
    }

    /// Creates the problem of a body that is no document.
    init(_ error: DocumentError, isYAML: Bool) {
        self.init(.malformedBody, "the body is not \(isYAML ? "YAML" : "JSON"): \(error)")
        if !isYAML { self.hint = "for YAML, send 'Content-Type: application/yaml'" }
    }
}
