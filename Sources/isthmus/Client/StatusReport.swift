import Documents
import FoundationEssentials

/// How a server and its peers are.
struct StatusReport: Sendable, Equatable {
    /// What the server says of itself.
    let system: DocumentValue
    let peers: [DocumentValue]

    /// The phases in which a peer is well, or left alone on purpose; a peer that is not mirrored has none.
    private static let goodPhases: Set<String> = ["live", "paused"]

    /// Whether the server is ready.
    var isReady: Bool { self.system.object?["ready"] == true }

    /// The names of peers that are not well.
    var troubledPeers: [String] {
        self.peers.filter { peer in
            self.phase(peer).map { !Self.goodPhases.contains($0.lowercased()) } ?? false
        }.map { $0.text(at: "metadata.name") ?? "" }
    }

    /// Whether the server is ready and no peer is in trouble.
    var isWell: Bool { self.isReady && self.troubledPeers.isEmpty }

    /// The report for programs.
    var document: DocumentValue {
        [
            "kind": "Status",
            "ready": .bool(self.isReady),
            "healthy": .bool(self.isWell),
            "system": self.system,
            "peers": .array(
                self.peers.map { peer in
                    var summary = DocumentObject()
                    summary["name"] = peer.text(at: "metadata.name").map { .string($0) }
                    summary["clusterID"] = peer.values(at: "spec.clusterID").first
                    summary["phase"] = self.phase(peer).map { .string($0) }
                    summary["status"] = peer.object?["status"]
                    return .object(summary)
                }
            ),
        ]
    }

    /// Returns the report for people.
    func text(now: Date, _ console: Console) -> String {
        let word = self.isReady ? console.coloured("ready", .green) : console.coloured("not ready", .red)
        let name = TerminalText.printable(self.system.text(at: "clusterName") ?? "?")
        let number = self.system.values(at: "clusterID").first?.cell ?? "?"
        var lines = ["cluster \(name) (\(number)) is \(word)"]
        let facts = [
            ("version", "version"), ("revision", "store.revision"), ("keys", "store.keys"),
            ("bytes", "store.bytes"), ("durability", "store.durability"), ("data plane", "dataPlane.address"),
            ("connections", "dataPlane.connections"), ("watches", "dataPlane.watches"),
        ]
        for (title, path) in facts {
            guard let value = self.system.values(at: path).first else { continue }
            lines.append(Self.fact(title, TerminalText.printable(value.cell)))
        }
        if let start = self.system.text(at: "startTime") {
            lines.append(Self.fact("running for", Age.text(of: start, now: now)))
        }
        let head = lines.map { $0 + "\n" }.joined()
        guard !self.peers.isEmpty else { return head + "no peers\n" }
        var table = TextTable(["PEER", "CLUSTER-ID", "PHASE", "SINCE"])
        for peer in self.peers {
            table.add([
                peer.text(at: "metadata.name") ?? "", peer.values(at: "spec.clusterID").first?.cell ?? "",
                self.phase(peer) ?? "not mirrored", peer.text(at: "status.since") ?? "",
            ])
        }
        return head + "\n" + table.text
    }

    private static func fact(_ title: String, _ value: String) -> String {
        "  " + title + String(repeating: " ", count: 13 - title.count) + value
    }

    private func phase(_ peer: DocumentValue) -> String? { peer.text(at: "status.phase") }
}
