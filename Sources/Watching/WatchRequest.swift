// Watching: the log's readers.
//
// A watcher is a cursor, never a queue. One `LoopRegistry` per event loop and replica reads the log once per
// wake-up, encodes each event once per group of equal watchers, and writes it to those whose stream takes it;
// a watcher whose stream does not take it falls back to reading the log at its own pace. No sockets here: a
// `WatchSink` stands for a stream. Begin with `WatcherMachine`, then `LoopRegistry`.

package import MVCC

/// What a client asks to be told.
package struct WatchRequest: Hashable, Sendable {
    /// The keys to watch.
    package var range: KeyRange
    /// The first revision of interest; zero means what comes after now.
    ///
    /// May be in the future.
    package var startRevision: Int64
    /// Whether puts are left out.
    package var filtersPuts = false
    /// Whether deletes are left out.
    package var filtersDeletes = false
    /// Whether events carry the record they replaced.
    package var wantsPrevious = false
    /// Whether quiet times are bridged by progress notifications.
    package var wantsProgress = false
    /// Whether responses over the fragment size are split.
    package var wantsFragments = false

    /// Creates a request for all events of a range.
    package init(range: KeyRange, startRevision: Int64 = 0) {
        self.range = range
        self.startRevision = startRevision
    }

    /// What watchers have to share for one encoding to serve them all.
    var interest: WatchInterest {
        WatchInterest(
            range: self.range,
            filtersPuts: self.filtersPuts,
            filtersDeletes: self.filtersDeletes,
            wantsPrevious: self.wantsPrevious
        )
    }
}

/// The part of a request that decides which bytes its watcher is sent.
struct WatchInterest: Hashable, Sendable {
    let range: KeyRange
    let filtersPuts: Bool
    let filtersDeletes: Bool
    let wantsPrevious: Bool

    /// Whether an event of this kind passes the filters.
    func passes(_ record: Record) -> Bool {
        record.isTombstone ? !self.filtersDeletes : !self.filtersPuts
    }
}
