// swift-tools-version:6.2
import PackageDescription

/// The settings of every target.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]
/// For pure targets and the wrappers of C libraries: each unsafe expression carries the word `unsafe`.
let audited = strict + [.strictMemorySafety()]
/// Generated code and test targets.
let relaxed: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let metrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let grdbSQLite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")

let package = Package(
    name: "isthmus",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "isthmus", targets: ["isthmus"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(
            url: "https://github.com/apple/swift-configuration",
            from: "1.4.0",
            traits: ["YAML", "CommandLineArguments"]
        ),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // Pure: values and functions.
        .target(
            name: "EtcdAPI",
            dependencies: [protobuf, nioCore],
            exclude: ["Protos"],
            swiftSettings: strict
        ),
        .target(name: "MVCC", dependencies: ["EtcdAPI", nioCore], swiftSettings: audited),
        .target(name: "AccessControl", dependencies: [nioCore], swiftSettings: audited),
        .target(name: "MeshSchema", dependencies: [nioCore], swiftSettings: audited),
        .target(
            name: "Documents",
            dependencies: [.product(name: "Yams", package: "Yams")],
            swiftSettings: strict
        ),
        .target(
            name: "MeshResources",
            dependencies: ["Documents", "MeshSchema", nioCore],
            swiftSettings: audited
        ),
        .target(
            name: "SnapshotFile",
            dependencies: ["EtcdAPI", "MVCC", "AccessControl", protobuf, nioCore],
            swiftSettings: audited
        ),

        // Mechanisms: one outside thing each.
        .target(name: "ChangeBus", swiftSettings: strict),
        .target(
            name: "Telemetry",
            dependencies: [metrics, logging, nioCore, nioPosix, nioHTTP1],
            swiftSettings: strict
        ),
        .systemLibrary(name: "CSQLite"),
        .target(
            name: "Persistence",
            dependencies: ["CSQLite", "MVCC", grdb, grdbSQLite],
            swiftSettings: strict
        ),
        .systemLibrary(name: "COpenSSL"),
        .target(name: "PKI", dependencies: ["COpenSSL"], swiftSettings: audited),
        .systemLibrary(name: "CCrypt"),
        .target(name: "Passwords", dependencies: ["CCrypt"], swiftSettings: audited),
        .systemLibrary(name: "CMicroHTTPD"),
        .target(
            name: "MicroHTTP",
            dependencies: ["CMicroHTTPD", nioCore, metrics],
            swiftSettings: audited
        ),
        .target(
            name: "AdminClient",
            dependencies: ["Documents", httpClient, nioCore, nioPosix, nioHTTP1, nioSSL],
            swiftSettings: strict
        ),
        .systemLibrary(name: "CNghttp2"),
        .target(
            name: "RPC",
            dependencies: ["CNghttp2", nioCore, nioPosix, nioHTTP1, nioTLS, nioSSL, logging, metrics],
            swiftSettings: audited
        ),

        // Store: the log and its readers.
        .target(
            name: "Storage",
            dependencies: ["MVCC", "AccessControl", "Persistence", "ChangeBus", nioCore, logging, metrics],
            swiftSettings: strict
        ),
        .target(
            name: "Watching",
            dependencies: ["EtcdAPI", "MVCC", "Storage", "ChangeBus", nioCore, metrics],
            swiftSettings: strict
        ),

        // Planes: they never import each other.
        .target(
            name: "DataPlane",
            dependencies: [
                "EtcdAPI", "MVCC", "AccessControl", "Passwords", "RPC", "SnapshotFile", "Storage",
                "Watching", "ChangeBus", protobuf, nioCore, nioPosix, nioSSL, logging, metrics,
            ],
            swiftSettings: strict
        ),

        .target(
            name: "AdminPlane",
            dependencies: [
                "Documents", "MeshResources", "MeshSchema", "AccessControl", "MVCC", "Storage", "Persistence",
                "MicroHTTP", "ChangeBus", "PKI", "Telemetry", nioCore, nioPosix, logging, metrics,
            ],
            swiftSettings: strict
        ),

        // Process: knows everybody.
        .executableTarget(
            name: "isthmus",
            dependencies: [
                "DataPlane", "AdminPlane", "Storage", "Persistence", "PKI", "Telemetry", "MeshSchema",
                "MicroHTTP", "AccessControl", "MVCC", "MeshResources", "SnapshotFile", "AdminClient",
                "Documents",
                "ChangeBus", "RPC", "Watching", lifecycle, signals, logging, metrics, nioCore, nioPosix,
                nioSSL,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
            ],
            swiftSettings: strict
        ),

        // Tests: what they share, one test target per module, and the rules of the house.
        .target(
            name: "FuzzTargets",
            dependencies: ["RPC", "EtcdAPI", "Documents", protobuf, nioCore, nioEmbedded, logging, metrics],
            path: "Tests/FuzzTargets",
            swiftSettings: relaxed
        ),
        .testTarget(name: "FuzzReplayTests", dependencies: ["FuzzTargets"], swiftSettings: relaxed),
        .target(
            name: "TestSupport",
            dependencies: ["CNghttp2"],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
        .target(
            name: "Simulation",
            dependencies: [
                "TestSupport", "DataPlane", "Watching", "Storage", "Persistence", "RPC", "AccessControl",
                "MVCC", "EtcdAPI", protobuf, nioCore, nioPosix, nioEmbedded, logging, metrics,
            ],
            path: "Tests/Simulation",
            swiftSettings: strict
        ),
        .testTarget(
            name: "SimulationTests",
            dependencies: [
                "Simulation", "TestSupport", "DataPlane", "RPC", "AccessControl", "MVCC", "Persistence",
            ],
            swiftSettings: relaxed
        ),
        .testTarget(
            name: "EtcdAPITests",
            dependencies: ["TestSupport", "EtcdAPI", protobuf, nioCore],
            swiftSettings: relaxed
        ),
        .testTarget(
            name: "MVCCTests",
            dependencies: ["TestSupport", "MVCC", "EtcdAPI", protobuf, nioCore],
            swiftSettings: relaxed
        ),
        .testTarget(
            name: "AccessControlTests",
            dependencies: ["TestSupport", "AccessControl", nioCore],
            swiftSettings: relaxed
        ),
        .testTarget(
            name: "MeshSchemaTests",
            dependencies: ["TestSupport", "MeshSchema", nioCore],
            swiftSettings: relaxed
        ),
        .testTarget(
            name: "DocumentsTests",
            dependencies: ["TestSupport", "Documents"],
            swiftSettings: relaxed
        ),
        .testTarget(
            name: "MeshResourcesTests",
            dependencies: ["TestSupport", "MeshResources", "MeshSchema", "Documents", nioCore],
            swiftSettings: relaxed
        ),
        .testTarget(
            name: "SnapshotFileTests",
            dependencies: ["TestSupport", "SnapshotFile", "MVCC", "AccessControl", nioCore],
            exclude: ["Fixtures"],
            swiftSettings: relaxed
        ),
        .testTarget(name: "ChangeBusTests", dependencies: ["ChangeBus"], swiftSettings: relaxed),
        .testTarget(
            name: "TelemetryTests",
            dependencies: ["Telemetry", metrics, logging, nioCore, nioPosix, nioHTTP1],
            swiftSettings: relaxed
        ),
        .testTarget(
            name: "PersistenceTests",
            dependencies: ["Persistence", "MVCC", grdb, nioCore],
            swiftSettings: relaxed
        ),
        .testTarget(name: "PasswordsTests", dependencies: ["Passwords"], swiftSettings: relaxed),
        .testTarget(
            name: "PKITests",
            dependencies: ["TestSupport", "PKI", nioCore, nioEmbedded, nioSSL],
            swiftSettings: relaxed
        ),
        .testTarget(
            name: "MicroHTTPTests",
            dependencies: ["MicroHTTP", "CMicroHTTPD", nioCore, metrics],
            swiftSettings: relaxed
        ),
        .testTarget(
            name: "RPCTests",
            dependencies: [
                "TestSupport", "RPC", "CNghttp2", nioCore, nioPosix, nioEmbedded, nioHTTP1, nioSSL, logging,
                metrics,
            ],
            swiftSettings: relaxed
        ),
        .testTarget(
            name: "StorageTests",
            dependencies: [
                "TestSupport", "Storage", "MVCC", "AccessControl", "Persistence", nioCore, nioPosix,
                nioEmbedded, logging, metrics,
            ],
            swiftSettings: relaxed
        ),
        .testTarget(
            name: "WatchingTests",
            dependencies: [
                "TestSupport", "Simulation", "Watching", "Storage", "MVCC", "AccessControl", "Persistence",
                "EtcdAPI",
                protobuf, nioCore, nioEmbedded, metrics,
            ],
            swiftSettings: relaxed
        ),
        .testTarget(
            name: "DataPlaneTests",
            dependencies: [
                "DataPlane", "EtcdAPI", "MVCC", "Storage", "Watching", "AccessControl", "Passwords", "PKI",
                "RPC", "SnapshotFile", "TestSupport", protobuf, nioCore, nioPosix, nioEmbedded, logging,
                metrics,
            ],
            swiftSettings: relaxed
        ),
        .testTarget(
            name: "AdminPlaneTests",
            dependencies: [
                "TestSupport", "AdminPlane", "AccessControl", "Documents", "MVCC", "MeshResources",
                "MeshSchema", "MicroHTTP", "PKI", "Persistence", "Storage", nioCore, logging, metrics,
            ],
            swiftSettings: relaxed
        ),
        .testTarget(
            name: "IsthmusTests",
            dependencies: [
                "isthmus", "AdminClient", "Documents", "MeshResources", "MeshSchema", "AccessControl",
                "DataPlane", "PKI", "Persistence", nioCore, logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
            ],
            swiftSettings: relaxed
        ),
        .testTarget(name: "TidyTests", swiftSettings: relaxed),
    ],
    swiftLanguageModes: [.v6]
)
