import Documents
import MeshResources
import MicroHTTP

/// The status of a peer alone, for those who poll it.
struct PeerStatusResource: Sendable {
    let objects: StoredObjects

    var operations: [Operation] {
        [
            Operation("getPeerStatus", "GET", "/api/v1/peers/{name}/status", .scope(.viewer)) {
                (call) throws(Problem) in
                let peer = try self.objects.find(call.parameter("name"))
                return Reply(200, .json(self.objects.status(peer)))
            }
        ]
    }
}
