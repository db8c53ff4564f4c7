// TestSupport: what the test targets share. It knows no module of the product.

/// Reproducible randomness (SplitMix64): the same seed gives the same run.
package struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// Creates a generator; equal seeds give equal runs.
    package init(seed: UInt64) {
        self.state = seed
    }

    /// Returns the next 64 bits.
    package mutating func next() -> UInt64 {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// Returns a number from zero to before `bound`.
    package mutating func below(_ bound: Int) -> Int {
        Int(self.next() % UInt64(bound))
    }

    /// Returns `true` in `percent` of one hundred cases.
    package mutating func chance(_ percent: Int) -> Bool {
        self.below(100) < percent
    }

    /// Returns one of `choices`.
    package mutating func pick<T>(_ choices: [T]) -> T {
        choices[self.below(choices.count)]
    }
}
