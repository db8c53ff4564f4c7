import Documents

extension PageSummary {
    private static let chipLimit = 8

    // MARK: - Other clusters

    /// Peers, broken ones first, then by name.
    func peers(_ peers: [DocumentValue]) -> [PagePiece] {
        peers.map { (peer: $0, state: PageState(peer: $0["status"]), name: Self.name($0)) }
            .sorted { $0.state == $1.state ? $0.name.precedes($1.name) : $0.state < $1.state }
            .map { self.peer($0.peer, $0.state, $0.name) }
    }

    private func peer(_ peer: DocumentValue, _ state: PageState, _ name: String) -> PagePiece {
        let status = peer["status"]
        let stages = status?["stages"]?.array ?? []
        let conditions = status?["conditions"]?.array ?? []
        let counts = (status?["counts"]?.object?.members ?? []).map {
            "\(PageWords.number($0.value)) \(Self.words($0.name))"
        }
        let addresses = (peer["spec"]?["endpoints"]?.array ?? []).compactMap { $0["url"]?.string }
        let fresh = status?["lastUpdateTime"]?.string
        let reason = Self.openCondition(peer)?["reason"]?.string
        return PagePiece(
            "peer",
            [
                "name": name, "clusterID": PageWords.number(peer["spec"]?["clusterID"]),
                "state": state.rawValue, "word": status?["phase"]?.string ?? reason ?? "Unknown",
                "message": state == .ok ? counts.joined(separator: " · ") : Self.obstacle(peer),
                "lag": Self.lag(status?["lagSeconds"]), "fresh": fresh ?? "",
                "freshText": fresh == nil ? "" : "data \(PageWords.relative(fresh, self.now))",
                "facts": (addresses + (state == .ok ? [] : counts)).joined(separator: " · "),
            ],
            slots: [
                "stages": stages.map(Self.stage), "stageDetails": stages.map(self.stageDetail),
                "conditions": conditions.map(self.condition),
            ]
        )
    }

    private static func lag(_ value: DocumentValue?) -> String {
        let seconds: Double
        switch value {
        case .integer(let whole)?: seconds = Double(whole)
        case .number(let fraction)?: seconds = fraction
        default: return ""
        }
        return seconds < 1 ? "in step" : "\(PageWords.span(seconds)) behind"
    }

    private static func stage(_ stage: DocumentValue) -> PagePiece {
        let name = stage["name"]?.string ?? ""
        let state = PageState(text: stage["state"]?.string)
        let exact = PageWords.exact(stage["since"]?.string)
        let hint = ["\(name): \(state.rawValue)", exact, stage["message"]?.string ?? ""]
        return PagePiece(
            "stage",
            [
                "name": name, "state": state.rawValue,
                "hint": hint.filter { !$0.isEmpty }.joined(separator: " – "),
            ]
        )
    }

    private func stageDetail(_ stage: DocumentValue) -> PagePiece {
        let retry = stage["nextRetry"]?.string
        return PagePiece(
            "stage-detail",
            [
                "name": stage["name"]?.string ?? "",
                "state": PageState(text: stage["state"]?.string).rawValue,
                "message": stage["message"]?.string ?? "",
                "since": stage["since"]?.string ?? "", "sinceText": self.lasting(stage["since"]?.string),
                "nextRetry": retry ?? "",
                "nextRetryText": retry == nil ? "" : "next try \(PageWords.relative(retry, self.now))",
            ]
        )
    }

    private func condition(_ condition: DocumentValue) -> PagePiece {
        let since = condition["lastTransitionTime"]?.string
        return PagePiece(
            "condition",
            [
                "type": condition["type"]?.string ?? "", "status": condition["status"]?.string ?? "",
                "reason": condition["reason"]?.string ?? "", "message": condition["message"]?.string ?? "",
                "state": PageState(condition: condition).rawValue,
                "since": since ?? "", "sinceText": self.lasting(since),
            ]
        )
    }

    private func lasting(_ time: String?) -> String {
        time == nil ? "" : "for \(PageWords.since(time, self.now))"
    }

    // MARK: - Services

    /// Services, those without backends first, then by namespace and name.
    func services(_ services: [DocumentValue]) -> [PagePiece] {
        services.map { service in
            let clusters = service["status"]?["clusters"]?.array ?? []
            let key = "\(service["metadata"]?["namespace"]?.string ?? "")/\(Self.name(service))"
            return (service: service, clusters: clusters, state: PageState(clusters: clusters), key: key)
        }
        .sorted { $0.state == $1.state ? $0.key.precedes($1.key) : $0.state < $1.state }
        .map { self.service($0.service, $0.clusters, $0.state) }
    }

    private func service(
        _ service: DocumentValue,
        _ clusters: [DocumentValue],
        _ state: PageState
    ) -> PagePiece {
        let shown = clusters.count > Self.chipLimit ? Self.chipLimit - 1 : clusters.count
        var chips = clusters.prefix(shown).map(Self.chip)
        if clusters.count > shown {
            let text = "and \(PageWords.counted(clusters.count - shown, "other cluster"))"
            chips.append(PagePiece("chip", ["cluster": text, "state": "unknown", "percent": "0"]))
        }
        let affinity = service["status"]?["affinity"]?.string ?? "none"
        let words = [
            service["status"]?["shared"] == .bool(false) ? "not shared" : "",
            affinity == "none" ? "" : affinity,
        ]
        return PagePiece(
            "service",
            [
                "namespace": service["metadata"]?["namespace"]?.string ?? "", "name": Self.name(service),
                "state": state.rawValue,
                "ready": PageWords.number(clusters.reduce(0) { $0 + $1["ready"].count }),
                "backends": PageWords.number(clusters.reduce(0) { $0 + $1["backends"].count }),
                "affinity": words.filter { !$0.isEmpty }.joined(separator: ", "),
            ],
            slots: ["clusters": chips]
        )
    }

    private static func chip(_ cluster: DocumentValue) -> PagePiece {
        let name = cluster["cluster"]?.string ?? ""
        let ready = cluster["ready"].count
        let backends = cluster["backends"].count
        let state: PageState =
            backends == 0 ? .unknown : ready == 0 ? .failed : ready < backends ? .waiting : .ok
        let share = backends == 0 ? 0 : (Double(ready) / Double(backends) * 100).rounded()
        let frontends = PageWords.counted(cluster["frontends"].count, "frontend")
        let all = PageWords.counted(backends, "backend")
        return PagePiece(
            "chip",
            [
                "cluster": name, "state": state.rawValue,
                "count": "\(PageWords.number(ready))/\(PageWords.number(backends))",
                "percent": String(Int(share)),
                "hint": "\(name): \(PageWords.number(ready)) of \(all) ready, \(frontends)",
            ]
        )
    }

    // MARK: - Clients

    /// Clients, those that catch up first, then by identity and address.
    func clients(_ clients: [DocumentValue]) -> [PagePiece] {
        clients.compactMap { $0["status"] }
            .map { status in
                let identity = status["identity"]?.string ?? ""
                let address = status["address"]?.string ?? ""
                return (status: status, state: PageState(client: status), names: [identity, address])
            }
            .sorted { left, right in
                guard left.state == right.state else { return left.state < right.state }
                let place = left.names[0] == right.names[0] ? 1 : 0
                return left.names[place].precedes(right.names[place])
            }
            .map { self.client($0.status, $0.state) }
    }

    private func client(_ status: DocumentValue, _ state: PageState) -> PagePiece {
        let since = status["since"]?.string
        let notAfter = status["certificate"]?["notAfter"]?.string
        return PagePiece(
            "client",
            [
                "state": state.rawValue, "identity": status["identity"]?.string ?? "",
                "address": status["address"]?.string ?? "",
                "since": since ?? "", "sinceText": PageWords.relative(since, self.now),
                "watches": PageWords.number(status["watches"]),
                "lag": PageWords.number(status["lagRevisions"]),
                "sent": PageWords.bytes(status["sentBytes"]?.integer),
                "notAfter": notAfter ?? "", "notAfterText": PageWords.relative(notAfter, self.now),
            ]
        )
    }
}
