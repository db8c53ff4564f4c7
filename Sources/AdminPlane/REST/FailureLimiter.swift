import Synchronization

/// Limits how often an address may fail to authenticate: a bucket of attempts that refills with time.
///
/// Whoever has valid credentials is never limited, so nobody can lock others out from behind a shared
/// address. Any thread.
final class FailureLimiter: Sendable {
    /// Attempts that may fail in a row.
    static let burst = 20.0
    /// How many attempts come back in a second.
    static let refillPerSecond = 0.5
    /// The most addresses that are remembered.
    static let addressLimit = 4_096

    private struct Bucket {
        var attempts: Double
        var time: Int64
    }

    private let buckets = Mutex<[String: Bucket]>([:])

    /// Notes a failure at a time in nanoseconds since 1970.
    ///
    /// Returns after how many seconds to try again, when there were too many; else `nil`.
    func noteFailure(from address: String, now: Int64) -> Int? {
        self.buckets.withLock { buckets in
            if buckets.count >= Self.addressLimit, buckets[address] == nil {
                buckets = buckets.filter { Self.refilled($0.value, now) < Self.burst }
                // Full of addresses that fail all the time: those that come new share one bucket.
                if buckets.count >= Self.addressLimit { return Self.take("", &buckets, now) }
            }
            return Self.take(address, &buckets, now)
        }
    }

    private static func take(_ address: String, _ buckets: inout [String: Bucket], _ now: Int64) -> Int? {
        var attempts = buckets[address].map { self.refilled($0, now) } ?? self.burst
        let isAllowed = attempts >= 1
        if isAllowed { attempts -= 1 }
        buckets[address] = Bucket(attempts: attempts, time: now)
        return isAllowed ? nil : Int(((1 - attempts) / self.refillPerSecond).rounded(.up))
    }

    private static func refilled(_ bucket: Bucket, _ now: Int64) -> Double {
        let seconds = Double(max(0, now - bucket.time)) / 1e9
        return min(self.burst, bucket.attempts + seconds * self.refillPerSecond)
    }
}
