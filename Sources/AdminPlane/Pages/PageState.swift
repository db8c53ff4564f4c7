import Documents

/// What is well and what is not, as the page shows it; `states.js` derives the same.
///
/// Worst first.
enum PageState: String, Sendable, Hashable, Comparable, CaseIterable {
    case failed
    case waiting
    case unknown
    case ok

    static func < (left: PageState, right: PageState) -> Bool { left.severity < right.severity }

    private var severity: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    private static let phases: [String: PageState] = [
        "live": .ok, "ready": .ok, "synced": .ok, "connected": .ok, "connecting": .waiting,
        "syncing": .waiting, "pending": .waiting, "degraded": .waiting, "stale": .waiting,
        "paused": .waiting, "withdrawn": .waiting, "deleting": .waiting, "failed": .failed,
        "disconnected": .failed, "unreachable": .failed, "rejected": .failed,
    ]
    private static let day = 86_400.0
    /// Days left and how full a certificate's bar is then; in between it is a straight line.
    private static let fullness: [(days: Double, percent: Double)] = [
        (0, 0), (1, 8), (7, 25), (30, 42), (90, 55), (365, 72), (3_650, 100),
    ]

    /// A state as the API spells it, or `unknown`.
    init(text: String?) { self = text.flatMap(Self.init(rawValue:)) ?? .unknown }

    /// A peer's state: what its stages show; without stages its phase; unknown when nothing is measured.
    init(peer status: DocumentValue?) {
        let states = (status?["stages"]?.array ?? []).map { PageState(text: $0["state"]?.string) }
        if states.contains(.failed) {
            self = .failed
        } else if let phase = Self.phases[status?["phase"]?.string?.lowercased() ?? ""] {
            self = phase
        } else if states.contains(.waiting) {
            self = .waiting
        } else {
            self = !states.isEmpty && states.allSatisfy { $0 == .ok } ? .ok : .unknown
        }
    }

    /// A condition's state; one that is not enforced is not a failure.
    init(condition: DocumentValue) {
        switch (condition["status"]?.string, condition["reason"]?.string) {
        case ("True"?, _): self = .ok
        case (_, "NotEnforced"?): self = .unknown
        case ("False"?, _): self = .failed
        default: self = .unknown
        }
    }

    /// A certificate's state: by the share of its life that is left where its begin is known, else by days.
    init(certificate: PageCertificate, now: Double) {
        guard let end = PageWords.seconds(certificate.notAfter) else {
            self = .unknown
            return
        }
        let left = end - now
        guard left > 0 else {
            self = .failed
            return
        }
        if let begin = PageWords.seconds(certificate.notBefore), end > begin {
            let share = left / (end - begin)
            self = share < 0.1 ? .failed : share < 0.25 ? .waiting : .ok
        } else {
            self = left < 7 * Self.day ? .failed : left < 30 * Self.day ? .waiting : .ok
        }
    }

    /// A service's state: failed without a ready backend anywhere, waiting when some are not ready.
    init(clusters: [DocumentValue]) {
        if clusters.isEmpty {
            self = .unknown
        } else if clusters.allSatisfy({ $0["ready"].count == 0 }) {
            self = .failed
        } else {
            self = clusters.contains { $0["ready"].count < $0["backends"].count } ? .waiting : .ok
        }
    }

    /// A client's state: waiting while one of its watches reads history.
    init(client status: DocumentValue?) { self = status?["catchingUp"].count ?? 0 > 0 ? .waiting : .ok }

    /// An event's state, by the last part of its type.
    init(event type: String) {
        switch type.split(separator: ".").last {
        case "failed"?: self = .failed
        case "deleted"?, "disconnected"?, "revoked"?, "expiring"?, "stale"?, "violation"?: self = .waiting
        case "created"?, "issued"?, "started"?, "renewed"?, "live"?: self = .ok
        default: self = .unknown
        }
    }

    /// How much of a certificate's bar is full, 0 to 100.
    static func percent(_ certificate: PageCertificate, now: Double) -> Int {
        guard let end = PageWords.seconds(certificate.notAfter), end > now else { return 0 }
        let days = (end - now) / self.day
        guard let next = self.fullness.firstIndex(where: { days < $0.days }), next > 0 else { return 100 }
        let (low, high) = (self.fullness[next - 1], self.fullness[next])
        let share = (days - low.days) / (high.days - low.days)
        return max(1, Int(low.percent + (high.percent - low.percent) * share))
    }
}

extension DocumentValue {
    /// A member of an object; `nil` when this is none.
    subscript(name: String) -> DocumentValue? { self.object?[name] }
}

extension DocumentValue? {
    /// A count: zero for what is none.
    var count: Int { (self?.integer).map { Int(clamping: $0) } ?? 0 }
}
