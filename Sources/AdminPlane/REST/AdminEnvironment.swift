package import MeshResources
package import Persistence

/// What the admin plane needs from the rest of the process.
///
/// Every closure may be called on any thread and must not block.
package struct AdminEnvironment: Sendable {
    /// The objects.
    package var store: AdminStore
    /// Where files are that nobody needs any more when the process ends.
    package var scratch: ScratchDirectory
    /// The own cluster.
    package var cluster: ClusterContext
    /// The time in nanoseconds since 1970.
    package var now: @Sendable () -> Int64
    /// Random bytes, good enough for secrets.
    package var randomBytes: @Sendable (Int) -> [UInt8]
    /// The SHA-256 hash.
    package var sha256: @Sendable ([UInt8]) -> [UInt8]
    /// The user that the process runs as; it is an administrator on the UNIX socket.
    package var ownUser: UInt32
    /// The common name of a client certificate (leaf first, DER) that belongs to an administrator; `nil`
    /// when it does not, or is not valid.
    package var administrator: @Sendable ([[UInt8]]) -> String?
    /// What became of published objects.
    package var applied: AppliedStates
    /// The data plane.
    package var data: DataPlaneView
    /// The facts of `GET /system/info`.
    package var systemFacts: @Sendable () async -> SystemFacts
    /// The certificate authorities; without them there are no operations on certificates.
    package var pki: MeshPKI?

    /// Creates an environment.
    package init(
        store: AdminStore,
        scratch: ScratchDirectory,
        cluster: ClusterContext,
        now: @escaping @Sendable () -> Int64,
        randomBytes: @escaping @Sendable (Int) -> [UInt8],
        sha256: @escaping @Sendable ([UInt8]) -> [UInt8],
        ownUser: UInt32,
        administrator: @escaping @Sendable ([[UInt8]]) -> String?,
        applied: AppliedStates,
        data: DataPlaneView,
        systemFacts: @escaping @Sendable () async -> SystemFacts
    ) {
        self.store = store
        self.scratch = scratch
        self.cluster = cluster
        self.now = now
        self.randomBytes = randomBytes
        self.sha256 = sha256
        self.ownUser = ownUser
        self.administrator = administrator
        self.applied = applied
        self.data = data
        self.systemFacts = systemFacts
    }

    /// A new UUID (RFC 9562, version 4).
    func newUUID() -> String {
        var bytes = self.randomBytes(16)
        bytes[6] = bytes[6] & 0x0f | 0x40
        bytes[8] = bytes[8] & 0x3f | 0x80
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
            text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// What a reconciler made of an object.
package struct AppliedState: Sendable, Hashable {
    /// Whether the condition `Applied` holds.
    package enum Verdict: String, Sendable, Hashable {
        case yes = "True"
        case no = "False"
        case unknown = "Unknown"
    }

    /// The generation of the object that this is about.
    package var generation: Int64
    /// Its version, which grows also with changes of labels.
    package var resourceVersion: Int64
    /// Whether it is applied.
    package var verdict: Verdict
    /// One word for programs.
    package var reason: String
    /// A sentence for people.
    package var message: String
    /// Since when, in nanoseconds since 1970.
    package var since: Int64
    /// The keys of the store that belong to the object.
    package var keys: [String] = []
    /// The revision at which the store had them.
    package var revision: Int64?

    /// Creates a state.
    package init(
        generation: Int64,
        resourceVersion: Int64,
        verdict: Verdict,
        reason: String,
        message: String,
        since: Int64,
        keys: [String] = [],
        revision: Int64? = nil
    ) {
        self.generation = generation
        self.resourceVersion = resourceVersion
        self.verdict = verdict
        self.reason = reason
        self.message = message
        self.since = since
        self.keys = keys
        self.revision = revision
    }
}

/// How the REST side learns what reconcilers did.
package struct AppliedStates: Sendable {
    /// The newest state of an object; `nil` when no reconciler has looked at it.
    package var state: @Sendable (_ id: AdminObjectID) -> AppliedState?
    /// Waits for a reconciler.
    ///
    /// Until the object is applied in this version or a later one, or, without a version, until nothing of a
    /// deleted object is left; not longer than until `deadline` (nanoseconds since 1970), and not longer than
    /// the task is wanted.
    package var wait:
        @Sendable (_ id: AdminObjectID, _ resourceVersion: Int64?, _ deadline: Int64) async -> AppliedWait

    /// Creates the pair.
    package init(
        state: @escaping @Sendable (_ id: AdminObjectID) -> AppliedState?,
        wait:
            @escaping @Sendable (_ id: AdminObjectID, _ resourceVersion: Int64?, _ deadline: Int64) async
            -> AppliedWait
    ) {
        self.state = state
        self.wait = wait
    }
}

/// How a wait ended.
package enum AppliedWait: Sendable, Hashable {
    /// What was waited for is so.
    case reached
    /// It was not so in time, or nobody wants to know any more.
    case timedOut
    /// As many wait as the limit allows.
    case tooManyWaiters
}

/// What `GET /system/info` tells of the rest of the process.
package struct SystemFacts: Sendable {
    /// The version of the program.
    package var version = ""
    /// When the process started, in nanoseconds since 1970.
    package var startTime: Int64 = 0
    /// Whether the server should be sent clients.
    package var isReady = false
    /// The store's newest revision.
    package var revision: Int64 = 0
    /// The revision up to which history is gone.
    package var compactedRevision: Int64 = 0
    /// How many keys the store has.
    package var keys = 0
    /// How many bytes its keys and values have.
    package var bytes = 0
    /// The store's durability.
    package var durability = ""
    /// Connections of the data plane.
    package var connections = 0
    /// Open watches of the data plane.
    package var watches = 0
    /// Where the data plane listens.
    package var dataAddress = ""
    /// Certificates and when they end, in seconds since 1970.
    package var certificates: [(name: String, notAfter: Int64)] = []

    /// Creates empty facts.
    package init() {}
}
