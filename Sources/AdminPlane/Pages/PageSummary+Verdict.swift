import Documents

extension PageSummary {
    /// The headline: what is wrong, else what is well.
    var verdict: PagePiece {
        var (state, line) = self.headline
        let certificate = self.answers.sortedCertificates.first
        if let certificate, state == .ok {
            let ending = PageState(certificate: certificate, now: self.now)
            if ending == .failed || ending == .waiting { state = ending }
        }
        let clients = self.answers.clients
        let connections = self.answers.info["dataPlane"]?["connections"]?.integer.map { Int(clamping: $0) }
        let behind = clients.items.count { PageState(client: $0["status"]) == .waiting }
        var more = [
            PageWords.counted(connections ?? clients.total, "client") + " connected"
                + (behind > 0 ? ", \(PageWords.number(behind)) catching up" : ""),
            PageWords.counted(self.answers.services.total, "service"),
        ]
        if let certificate {
            more.append("first certificate ends \(PageWords.relative(certificate.notAfter, self.now))")
        }
        let fields = ["state": state.rawValue, "line": line, "more": more.joined(separator: " · ")]
        return PagePiece("verdict", fields)
    }

    private var headline: (PageState, String) {
        let peers = self.answers.peers.items
        let total = PageWords.counted(peers.count, "other cluster")
        let byState = Dictionary(grouping: peers) { PageState(peer: $0["status"]) }
        let live = byState[.ok, default: []].count
        if self.answers.info["ready"] == .bool(false) { return (.failed, "This server is not ready.") }
        if let failed = byState[.failed],
            let first = failed.min(by: { Self.name($0).precedes(Self.name($1)) })
        {
            let verb = failed.count == 1 ? "is" : "are"
            let broken =
                peers.count == 1
                ? "The other cluster is broken."
                : "\(PageWords.number(failed.count)) of \(total) \(verb) broken."
            return (.failed, "\(broken) \(Self.name(first)): \(Self.obstacle(first))")
        }
        if let waiting = byState[.waiting]?.count {
            let parts = [PageWords.number(live), PageWords.number(waiting)]
            return (.waiting, "\(parts[0]) of \(total) live, \(parts[1]) on the way.")
        }
        guard let unknown = byState[.unknown]?.first else {
            switch peers.count {
            case 0:
                let own = self.answers.info["clusterName"]?.string ?? "This cluster"
                return (.ok, "\(own) stands alone: no other cluster is declared.")
            case 1: return (.ok, "The other cluster is live.")
            default: return (.ok, "All \(total) are live.")
            }
        }
        if live == 0 {
            let verb = peers.count == 1 ? "is" : "are"
            return (.unknown, "\(total) \(verb) declared: \(Self.obstacle(unknown))")
        }
        let left = PageWords.number(peers.count - live)
        return (.unknown, "\(left) of \(total) not measured: \(Self.obstacle(unknown))")
    }

    static func name(_ object: DocumentValue) -> String { object["metadata"]?["name"]?.string ?? "" }

    /// What to say of a peer: the stage in the way and why, else the first condition that is not true.
    static func obstacle(_ peer: DocumentValue) -> String {
        let stages = peer["status"]?["stages"]?.array ?? []
        let failed = stages.first { $0["state"]?.string == "failed" }
        if let stage = failed ?? stages.first(where: { $0["state"]?.string != "ok" }) {
            return [stage["name"]?.string, stage["message"]?.string].compactMap(\.self)
                .filter { !$0.isEmpty }.joined(separator: ": ")
        }
        return Self.openCondition(peer)?["message"]?.string ?? ""
    }

    /// The first condition that is not true.
    static func openCondition(_ peer: DocumentValue) -> DocumentValue? {
        peer["status"]?["conditions"]?.array?.first { $0["status"]?.string != "True" }
    }
}
