import EtcdAPI
import MVCC
import RPC
import Storage

/// Maintenance Downgrade: there is nothing to downgrade to, because no older server reads what this one
/// wrote.
extension EtcdSession {
    func downgrade(_ message: RawSpan, on stream: RPCStream) {
        guard self.requireAdministrator(stream),
            let request = self.decode(message, as: Etcdserverpb_DowngradeRequest.self, on: stream)
        else { return }
        switch request.action {
        case .validate, .enable:
            let isVersion = EtcdVersion.isWellFormed(request.version)
            stream.finish(isVersion ? EtcdStatus.invalidDowngradeTarget : EtcdStatus.wrongDowngradeFormat)
        case .cancel:
            // None is ever in progress, and cancelling that succeeds (etcd 3.6).
            var response = Etcdserverpb_DowngradeResponse()
            response.header = self.services.header(self.snapshot.keyspace.revision).message
            response.version = EtcdVersion.cluster
            self.respond(response, on: stream)
        case .UNRECOGNIZED:
            stream.finish(EtcdStatus.unknownMethod)
        }
    }
}

extension EtcdVersion {
    /// Whether etcd takes a text for a version: two or three numbers, perhaps with a suffix.
    static func isWellFormed(_ text: String) -> Bool {
        let core = text.prefix { $0 != "-" && $0 != "+" }
        let numbers = core.split(separator: ".", omittingEmptySubsequences: false)
        return (2...3).contains(numbers.count)
            && numbers.allSatisfy { number in
                !number.isEmpty && number.utf8.count < 19
                    && number.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
            }
    }
}
