import AccessControl
import EtcdAPI
import MVCC
import NIOCore
import RPC
import Storage

/// Cluster: one member that cannot be given company.
extension EtcdSession {
    func cluster(_ method: EtcdMethod, _ message: RawSpan, on stream: RPCStream) {
        // Agents and peers have no use for the member list; users may see it as in etcd.
        let isAllowed =
            method == .memberList
            ? self.access(stream) { $0.standing == .user } != nil
            : self.requireAdministrator(stream)
        guard isAllowed else { return }
        switch method {
        case .memberList: self.memberList(on: stream)
        case .memberAdd: stream.finish(EtcdStatus.notEnoughMembers)
        case .memberRemove:
            guard let request = self.decode(message, as: Etcdserverpb_MemberRemoveRequest.self, on: stream)
            else { return }
            stream.finish(self.isOwn(request.id) ? EtcdStatus.notEnoughMembers : EtcdStatus.memberNotFound)
        case .memberUpdate:
            guard let request = self.decode(message, as: Etcdserverpb_MemberUpdateRequest.self, on: stream)
            else { return }
            stream.finish(self.isOwn(request.id) ? EtcdStatus.notEnoughMembers : EtcdStatus.memberNotFound)
        default:
            guard let request = self.decode(message, as: Etcdserverpb_MemberPromoteRequest.self, on: stream)
            else { return }
            stream.finish(self.isOwn(request.id) ? EtcdStatus.notLearner : EtcdStatus.memberNotFound)
        }
    }

    private func isOwn(_ id: UInt64) -> Bool { id == self.services.store.memberID }

    private func memberList(on stream: RPCStream) {
        var member = Etcdserverpb_Member()
        member.id = self.services.store.memberID
        member.name = self.services.configuration.memberName
        member.clientUrls = self.services.configuration.advertisedURLs
        member.peerUrls = self.services.configuration.peerURLs ?? member.clientUrls
        var response = Etcdserverpb_MemberListResponse()
        // etcd leaves the revision out of cluster answers.
        response.header = self.services.header(0).message
        response.members = [member]
        self.respond(response, on: stream)
    }
}
