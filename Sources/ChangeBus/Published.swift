// ChangeBus: how one part of the process learns that another part changed something.
//
// What it is: two small shared objects. `Published` holds the newest value; `DirtySet` holds the names of
// what changed. What it is not: an event bus. No payload travels here, nothing is replayed and nothing is
// ordered; facts belong in the revision log.
//
// The idea: a wake-up carries no data. Whoever wakes reads the current state, so a lost or a doubled wake-up
// is harmless and memory is bounded by the number of names, never by the number of changes.
//
// Begin with `Published`, then `DirtySet`.

import Synchronization

/// The newest value of something that one owner replaces and many threads read.
///
/// Reading copies the value under a lock that is held only for the copy, so a value should be cheap to copy:
/// a reference or a copy-on-write container.
package final class Published<Value: Sendable>: Sendable {
    private let storage: Mutex<Value>

    /// Creates the cell with its first value.
    package init(_ value: Value) {
        self.storage = Mutex(value)
    }

    /// The newest value.
    ///
    /// Any thread; never waits for more than another copy.
    package var current: Value {
        self.storage.withLock { $0 }
    }

    /// Replaces the value.
    ///
    /// Any thread; readers see either the old value or this one, never a mixture.
    package func publish(_ value: Value) {
        // The previous value leaves the lock before it is released: freeing a large one must not delay
        // readers.
        let previous = self.storage.withLock { current in
            let previous = current
            current = value
            return previous
        }
        _ = consume previous
    }
}
