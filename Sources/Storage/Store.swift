// Storage: the log and its one writer.
//
// Event loops propose, one commit thread decides: it evaluates a batch on a copy of the key space, logs it,
// publishes the copy and wakes the loops, in that order. Readers take `Replica.current` and never wait. Not
// here: watches, wire formats, permissions. Begin with `CommitLoop`; `Store` is the face that the planes see.

import CoreMetrics
package import Logging
package import MVCC
import NIOCore
package import Persistence

/// The embedded store: a replica to read, a queue to propose to, and the thread between them.
package final class Store: Sendable {
    /// Who this store is on the wire.
    private let identity: StoreIdentity
    /// The cluster's number in every response.
    package var clusterID: UInt64 { self.identity.clusterID }
    /// The member's number in every response.
    package var memberID: UInt64 { self.identity.memberID }
    /// Grows by one with every start (etcd's raft term).
    package let term: UInt64
    /// What readers see.
    package let replica: Replica
    /// The limits in force.
    package let configuration: StoreConfiguration
    private let queue: ProposalQueue
    private let ports: LoopPorts
    /// `nil` when somebody else steps the loop.
    private let thread: CommitThread?
    private let metrics: StorageMetrics
    private let logSize: LogSize

    /// Starts the commit thread over a recovered loop.
    ///
    /// `clock` returns the time since an origin that never moves, the same that `loop` was created with.
    package init(
        _ loop: sending CommitLoop,
        identity: StoreIdentity,
        term: UInt64,
        metrics: StorageMetrics,
        logger: Logger,
        clock: @escaping @Sendable () -> Duration
    ) {
        let queue = ProposalQueue(limit: loop.configuration.proposalLimit)
        let ports = LoopPorts()
        let thread = CommitThread(
            queue: queue,
            ports: ports,
            metrics: metrics,
            logger: logger,
            clock: clock
        )
        self.identity = identity
        self.term = term
        self.replica = loop.replica
        self.configuration = loop.configuration
        self.queue = queue
        self.ports = ports
        self.metrics = metrics
        self.logSize = loop.logSize
        self.thread = thread
        thread.start(loop)
    }

    /// Creates the face of a loop that the caller steps itself, for simulations: no thread, no clock.
    ///
    /// The caller does what the commit thread does: ``takeProposals(for:)``, ``CommitLoop/step(_:now:)``,
    /// ``announce(_:)``.
    package init(stepping loop: CommitLoop, identity: StoreIdentity, term: UInt64, metrics: StorageMetrics) {
        self.identity = identity
        self.term = term
        self.replica = loop.replica
        self.configuration = loop.configuration
        self.queue = ProposalQueue(limit: loop.configuration.proposalLimit)
        self.ports = LoopPorts()
        self.metrics = metrics
        self.logSize = loop.logSize
        self.thread = nil
    }

    /// Takes the proposals that wait, as many as the next step of `loop` admits, without waiting for one.
    ///
    /// Only without a commit thread.
    package func takeProposals(for loop: CommitLoop) -> [QueuedProposal] {
        self.queue.next(timeout: .zero, maximum: loop.room).proposals
    }

    /// Delivers the answers of a step and wakes the loops.
    ///
    /// Only without a commit thread.
    package func announce(_ report: CommitLoop.StepReport) {
        self.ports.announce(report)
    }

    /// Ends as the commit thread does after ``stop()``: answers what `loop` still keeps, and closes the log.
    ///
    /// Only without a commit thread.
    ///
    /// - Returns: Why the log could not be closed as cleanly stopped.
    package func finish(_ loop: CommitLoop) -> PersistenceError? {
        let (completions, failure) = loop.close()
        self.ports.announce(CommitLoop.StepReport(completions: completions))
        return failure
    }

    /// The number of proposals that wait for the commit thread.
    package var waitingProposalCount: Int { self.queue.count }

    /// The size of the log on disk and what of it is in use, in bytes, as of the last commit.
    package var logByteCounts: (total: Int64, inUse: Int64) { self.logSize.current }

    /// Makes every commit wake `port`'s loop, and lets that loop propose with ``submit(_:from:completion:)``.
    package func attach(_ port: LoopPort) {
        self.ports.add(port)
    }

    /// Proposes from an event loop.
    ///
    /// `completion` is called on the port's loop, once, in a later turn; with ``StoreError/overloaded`` or
    /// ``StoreError/stopped`` if the proposal could not be queued.
    package func submit(
        _ proposal: Proposal,
        from port: LoopPort,
        completion: @escaping (Result<ProposalOutcome, StoreError>) -> Void
    ) {
        let body = NIOLoopBound(completion, eventLoop: port.eventLoop)
        do throws(StoreError) {
            try self.queue.add(QueuedProposal(proposal, reply: .loop(port, body)))
        } catch {
            self.metrics.refusedProposals.increment()
            port.enqueue(body, .failure(error))
            port.wake()
        }
    }

    /// Proposes from a task and suspends until the outcome is logged and readable.
    package func commit(_ proposal: Proposal) async throws(StoreError) -> ProposalOutcome {
        let result = await withCheckedContinuation { continuation in
            do throws(StoreError) {
                try self.queue.add(QueuedProposal(proposal, reply: .task(continuation)))
            } catch {
                self.metrics.refusedProposals.increment()
                continuation.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }

    /// Answers what waits, closes the log as cleanly stopped and ends the thread.
    ///
    /// Blocks the caller; not on a loop.
    package func stop() {
        self.queue.close()
        self.thread?.join()
    }
}
