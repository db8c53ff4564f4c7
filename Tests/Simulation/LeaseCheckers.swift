import Persistence

/// A lease that ended although nobody revoked it.
struct Expiry: Hashable {
    var lease: Int64
    /// When it ended.
    var time: Duration
    /// Since when nobody had renewed it, as far as clients know.
    var renewed: Duration
    var timeToLive: Duration
}

extension World {
    /// The leases that ran out.
    ///
    /// A renewal counts from when it was asked for; a start of the server renews all.
    var expiries: [Expiry] {
        var times: [Int64: Duration] = [:]
        var granted: [Int64: Duration] = [:]
        var revoked: Set<Int64> = []
        for operation in self.recorder.operations {
            switch operation.request {
            case .revoke(let lease): revoked.insert(lease)
            default: break
            }
        }
        var expiries: [Expiry] = []
        var life = -1
        for commit in self.history.commits {
            if commit.life != life {
                life = commit.life
                // The time of its first commit is not when it started, but not much later either.
                for lease in times.keys { times[lease] = nil }
            }
            for change in commit.leaseChanges {
                switch change {
                case .grant(let id, let seconds):
                    granted[id] = .seconds(seconds)
                    times[id] = commit.time
                case .revoke(let id):
                    guard !revoked.contains(id), let timeToLive = granted[id] else { continue }
                    let renewals = self.recorder.operations.filter { operation in
                        operation.request == .keepAlive(lease: id) && operation.life == life
                            && operation.time <= commit.time && operation.isRenewal
                    }
                    let start = self.startTimes[life, default: .zero]
                    let renewed = max(times[id] ?? start, renewals.map(\.time).max() ?? .zero)
                    let expiry = Expiry(
                        lease: id,
                        time: commit.time,
                        renewed: renewed,
                        timeToLive: timeToLive
                    )
                    expiries.append(expiry)
                }
            }
        }
        return expiries
    }
}

extension Operation {
    /// Whether it was told that a lease lives on.
    fileprivate var isRenewal: Bool {
        guard case .done(.lease(let seconds), _) = self.outcome else { return false }
        return seconds > 0
    }
}

extension Checkers {
    /// A lease lives as long as was promised.
    static func leases(_ expiries: [Expiry]) -> [String] {
        expiries.compactMap { expiry in
            let promised = expiry.renewed + expiry.timeToLive
            guard expiry.time < promised else { return nil }
            return "leases: \(expiry.lease) ended at \(expiry.time), promised until \(promised)"
        }
    }
}
