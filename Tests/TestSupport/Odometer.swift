/// Enumerates every small world: a body that asks for choices is run once for each sequence of answers.
///
/// Each answer is a wheel. ``next()`` turns the last wheel that can still turn and forgets the wheels after
/// it, because the body may ask other questions from there on.
package struct Odometer {
    private var wheels: [(choice: Int, count: Int)] = []
    private var position = 0
    private var hasStarted = false

    /// Creates an odometer before the first world.
    package init() {}

    /// Moves to the next world; `false` when there is none left.
    package mutating func next() -> Bool {
        self.position = 0
        guard self.hasStarted else {
            self.hasStarted = true
            return true
        }
        while let wheel = self.wheels.popLast() {
            guard wheel.choice + 1 == wheel.count else {
                self.wheels.append((wheel.choice + 1, wheel.count))
                return true
            }
        }
        return false
    }

    /// Returns a choice from zero to before `count`.
    package mutating func choose(_ count: Int) -> Int {
        if self.position == self.wheels.count { self.wheels.append((0, count)) }
        defer { self.position += 1 }
        return self.wheels[self.position].choice
    }
}
