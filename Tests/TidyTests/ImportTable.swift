/// Which target may import which: the architecture's picture as data.
///
/// An edge that is not here is a decision to make, not an oversight to repair.
enum ImportTable {
    enum Layer: Int, Comparable {
        case header, pure, mechanism, store, plane, process

        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    struct Row {
        var layer: Layer
        /// The project's own modules that the target may import.
        var modules: Set<String>
        /// The modules of other packages and of the system that it may import, beside ``everywhere``.
        var outside: Set<String> = []
    }

    /// Modules that say nothing about architecture.
    static let everywhere: Set<String> = ["Swift"]

    /// The only Foundation that our own modules need, but for the few rows that name the whole of it.
    private static let essentials = "FoundationEssentials"
    /// The C library under its names on different systems.
    private static let system: Set<String> = ["Glibc", "Musl", "Darwin"]
    private static let loops: Set<String> = [
        "NIOCore", "NIOPosix", "Logging", "CoreMetrics", "Synchronization",
    ]

    static let rows: [String: Row] = [
        "COpenSSL": Row(layer: .header, modules: []),
        "CCrypt": Row(layer: .header, modules: []),
        "CNghttp2": Row(layer: .header, modules: []),
        "CMicroHTTPD": Row(layer: .header, modules: []),
        "CSQLite": Row(layer: .header, modules: []),

        "EtcdAPI": Row(layer: .pure, modules: [], outside: ["NIOCore", "SwiftProtobuf", Self.essentials]),
        // One atomic count in the append-only array, and the comparison of bytes.
        "MVCC": Row(
            layer: .pure,
            modules: ["EtcdAPI"],
            outside: Self.system.union(["NIOCore", "Synchronization"])
        ),
        "AccessControl": Row(layer: .pure, modules: [], outside: ["NIOCore"]),
        "SnapshotFile": Row(
            layer: .pure,
            modules: ["EtcdAPI", "MVCC", "AccessControl"],
            outside: ["NIOCore", "SwiftProtobuf", Self.essentials]
        ),
        "MeshSchema": Row(layer: .pure, modules: [], outside: ["NIOCore", Self.essentials]),
        // libyaml, which is part of Yams, reads; Yams writes.
        "Documents": Row(layer: .pure, modules: [], outside: ["CYaml", "Yams"]),
        "MeshResources": Row(layer: .pure, modules: ["Documents", "MeshSchema"], outside: ["NIOCore"]),
        "MeshPolicy": Row(layer: .pure, modules: ["MeshSchema"], outside: ["NIOCore", Self.essentials]),

        "ChangeBus": Row(layer: .mechanism, modules: [], outside: ["Synchronization"]),
        "RPC": Row(
            layer: .mechanism,
            modules: ["CNghttp2"],
            outside: Self.loops.union(["NIOHTTP1", "NIOSSL", "NIOTLS"])
        ),
        "Persistence": Row(
            layer: .mechanism,
            modules: ["CSQLite", "MVCC"],
            outside: Self.system.union([
                "GRDB", "GRDBSQLite", "Foundation", "FoundationEssentials", "NIOCore", "Synchronization",
            ])
        ),
        "Passwords": Row(layer: .mechanism, modules: ["CCrypt"], outside: ["Glibc"]),
        "PKI": Row(
            layer: .mechanism,
            modules: ["COpenSSL"],
            outside: Self.system.union(["Synchronization", Self.essentials])
        ),
        "MicroHTTP": Row(
            layer: .mechanism,
            modules: ["CMicroHTTPD"],
            outside: Self.system.union(["Synchronization", "Logging", "CoreMetrics", "NIOCore"])
        ),
        "AdminClient": Row(
            layer: .mechanism,
            modules: ["Documents"],
            outside: ["AsyncHTTPClient", "Glibc", "NIOCore", "NIOHTTP1", "NIOPosix", "NIOSSL"]
        ),
        "Telemetry": Row(
            layer: .mechanism,
            modules: [],
            outside: Self.loops.union(Self.system).union(["NIOHTTP1", Self.essentials])
        ),

        "Storage": Row(
            layer: .store,
            modules: ["MVCC", "AccessControl", "Persistence", "ChangeBus"],
            // The commit loop has a thread of its own, and a place to wait for it.
            outside: Self.loops.union(["Foundation", "NIOConcurrencyHelpers"])
        ),
        "Watching": Row(
            layer: .store,
            modules: ["EtcdAPI", "MVCC", "Storage", "ChangeBus"],
            outside: ["NIOCore", "CoreMetrics", "Synchronization"]
        ),
        "EtcdClient": Row(
            layer: .store,
            modules: ["EtcdAPI", "RPC"],
            outside: Self.loops.union(["NIOSSL", "SwiftProtobuf"])
        ),
        "Upstream": Row(
            layer: .store,
            modules: ["EtcdAPI", "MVCC", "Storage", "EtcdClient"],
            outside: Self.loops
        ),

        "DataPlane": Row(
            layer: .plane,
            modules: [
                "EtcdAPI", "MVCC", "AccessControl", "Passwords", "RPC", "SnapshotFile", "Storage",
                "Watching", "ChangeBus",
            ],
            outside: Self.loops.union(["NIOSSL", "SwiftProtobuf", Self.essentials])
        ),
        "Mirroring": Row(
            layer: .plane,
            modules: ["EtcdAPI", "EtcdClient", "Storage", "MVCC", "MeshPolicy", "MeshSchema", "ChangeBus"],
            outside: Self.loops.union(["Yams", Self.essentials])
        ),
        "KubernetesSource": Row(
            layer: .plane,
            modules: ["Storage", "MVCC", "MeshPolicy", "MeshSchema", "ChangeBus"],
            outside: Self.loops.union(["AsyncHTTPClient", "Yams", "Foundation", "NIOHTTP1", "NIOSSL"])
        ),
        "AdminPlane": Row(
            layer: .plane,
            modules: [
                "Storage", "MVCC", "MeshPolicy", "MeshResources", "MeshSchema", "AccessControl", "Documents",
                "PKI", "MicroHTTP", "Persistence", "Telemetry", "ChangeBus",
            ],
            outside: Self.loops
        ),

        "isthmus": Row(
            layer: .process,
            modules: [
                "AccessControl", "AdminClient", "AdminPlane", "ChangeBus", "DataPlane", "Documents",
                "EtcdAPI",
                "EtcdClient",
                "KubernetesSource",
                "MVCC", "MeshPolicy", "MeshResources", "MeshSchema", "MicroHTTP", "Mirroring", "PKI",
                "Persistence", "RPC",
                "SnapshotFile", "Storage",
                "Telemetry", "Upstream", "Watching",
            ],
            outside: Self.loops.union([
                "ArgumentParser", "Configuration", "ServiceLifecycle", "UnixSignals", "NIOSSL", "Foundation",
                "FoundationEssentials",
                "Glibc", "CoreMetrics", "Metrics",
            ])
        ),
    ]

    /// What a pure target may not name although `NIOCore` has it: only the buffer there is a value.
    static let notPure: Set<String> = [
        "EventLoop", "EventLoopGroup", "EventLoopFuture", "EventLoopPromise", "Channel", "ChannelHandler",
        "ChannelHandlerContext", "ChannelInboundHandler", "ChannelOutboundHandler", "ChannelDuplexHandler",
        "ChannelPipeline", "NIOLoopBound", "NIOLoopBoundBox", "NIODeadline", "TimeAmount", "NIOLock",
        "NIOLockedValueBox", "NIOAsyncChannel", "NIOFileHandle", "SocketAddress", "Scheduled", "NIOAny",
    ]
}
