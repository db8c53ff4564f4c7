import Foundation

/// Which seeds are tried: `SEEDS=n` tries so many, `SEED=k` begins with another than the first.
enum Seeds {
    static let all: ClosedRange<Int> = {
        let environment = ProcessInfo.processInfo.environment
        let first = environment["SEED"].flatMap { Int($0) }
        let count = environment["SEEDS"].flatMap { Int($0) } ?? (first == nil ? 200 : 1)
        return (first ?? 1)...((first ?? 1) + max(1, count) - 1)
    }()

    /// `VERBOSE=1` prints the whole story of each seed.
    static let isVerbose = ProcessInfo.processInfo.environment["VERBOSE"] != nil

    /// Says first which seed is tried, for a run that does not come to its end.
    static func announce(_ seed: Int) {
        FileHandle.standardError.write(Data("seed \(seed): make simulate SEED=\(seed)\n".utf8))
    }

    static let steps = 2_500
}
