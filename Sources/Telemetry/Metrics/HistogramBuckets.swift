/// The upper bounds of a histogram's buckets, ascending; a bucket without an upper bound follows them.
package struct HistogramBuckets: Sendable, Hashable {
    /// The most bounds: each is a series of its own to whoever stores the metrics.
    package static let maximumCount = 32

    /// The inclusive upper bounds.
    package let upperBounds: [Double]

    /// Creates buckets.
    ///
    /// - Parameter upperBounds: 1 to 32 finite numbers, each larger than the one before.
    package init(_ upperBounds: [Double]) {
        precondition((1...Self.maximumCount).contains(upperBounds.count), "a histogram has 1 to 32 bounds")
        precondition(upperBounds.allSatisfy(\.isFinite), "the bounds of a histogram are finite")
        precondition(
            zip(upperBounds, upperBounds.dropFirst()).allSatisfy { $0 < $1 },
            "the bounds of a histogram ascend"
        )
        self.upperBounds = upperBounds
    }

    /// For durations in seconds: 100 microseconds to 10 seconds.
    package static let seconds = HistogramBuckets([
        0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ])

    /// For numbers of things: powers of two from 1 to 4,096.
    package static let counts = HistogramBuckets((0...12).map { Double(1 << $0) })

    /// For sizes in bytes: powers of four from 64 B to 16 MiB.
    package static let bytes = HistogramBuckets((3...12).map { Double(1 << (2 * $0)) })
}
