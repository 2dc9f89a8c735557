// swift-tools-version: 6.2
import PackageDescription

/// Every target treats warnings as errors; the pure ones are also checked for memory safety.
let common: [SwiftSetting] = [.treatAllWarnings(as: .error), .enableUpcomingFeature("InternalImportsByDefault")]
let pure: [SwiftSetting] = common + [.strictMemorySafety()]

// In the order in which the data travels.
let package = Package(
    name: "andon",
    products: [.executable(name: "andon", targets: ["andon"])],
    targets: [
        // The language and the pure core: no IO, no clock.
        // CRC-32C of every log record: the processor's instruction is out of plain Swift's reach.
        .target(name: "CChecksum"),
        .target(name: "EventModel", dependencies: ["CChecksum"], swiftSettings: pure),
        .target(name: "Timeline", dependencies: ["EventModel"], swiftSettings: pure),

        // The one writer and the one reader of JSON outside the parser of events.
        .target(name: "JSON", swiftSettings: common),

        // Locks that the thread sanitizer understands, and waiting.
        .target(name: "Locks", swiftSettings: common),

        // Zones, shifts, windows and all figures as values: pure, like the core.
        .target(name: "Figures", dependencies: ["EventModel", "JSON", "Locks", "Timeline"], swiftSettings: pure),

        // Debian's C libraries, each imported by one Swift module alone.
        .target(name: "CSQLite", dependencies: ["CChecksum"], linkerSettings: [.linkedLibrary("sqlite3")]),
        .target(name: "CMicrohttpd", linkerSettings: [.linkedLibrary("microhttpd")]),
        .target(
            name: "CSimdjson", cxxSettings: [.unsafeFlags(["-O3"])],
            linkerSettings: [.linkedLibrary("simdjson"), .linkedLibrary("stdc++")]),
        .systemLibrary(name: "CCrypto"),
        .systemLibrary(name: "CZlib"),
        .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
        .target(name: "Crypto", dependencies: ["CCrypto"], swiftSettings: common),

        // Small files, written as a whole.
        .target(name: "Files", dependencies: ["Crypto", "JSON"], swiftSettings: common),

        // Time, and words for those who run it.
        .systemLibrary(name: "CClock"),
        .target(name: "Clocks", dependencies: ["CClock", "EventModel", "Locks"], swiftSettings: common),
        .target(name: "Observability", swiftSettings: common),

        // The log.
        .target(name: "EventLog", dependencies: ["EventModel", "Locks", "Observability"], swiftSettings: common),
        .target(name: "SQLite", dependencies: ["CSQLite", "Observability"], swiftSettings: common),
        .target(
            name: "SQLiteLog", dependencies: ["Clocks", "EventLog", "EventModel", "Locks", "SQLite"],
            swiftSettings: common),

        // Kafka: librdkafka stays behind the one module that imports it.
        .target(name: "CRdKafka", linkerSettings: [.linkedLibrary("rdkafka")]),
        .target(
            name: "KafkaLog",
            dependencies: ["CRdKafka", "Clocks", "Crypto", "EventLog", "EventModel", "JSON", "Locks", "Observability"],
            swiftSettings: common),

        // In: HTTP; who may do what; what the sites are; admission.
        .target(
            name: "HTTPServer", dependencies: ["CMicrohttpd", "CZlib", "JSON", "Locks", "Observability"],
            swiftSettings: common),
        .target(name: "HTTPClient", dependencies: ["CCurl", "Locks", "Observability"], swiftSettings: common),
        .target(
            name: "Access",
            dependencies: [
                "Clocks", "Crypto", "EventLog", "EventModel", "HTTPServer", "JSON", "Locks", "Observability", "SQLite",
            ],
            swiftSettings: common),
        .target(
            name: "Sites",
            dependencies: [
                "Clocks", "Crypto", "EventLog", "EventModel", "Figures", "JSON", "Locks", "Observability", "SQLite",
            ],
            swiftSettings: common),
        .target(
            name: "Gateway",
            dependencies: [
                "Access", "CSimdjson", "Clocks", "Crypto", "EventLog", "EventModel", "Figures", "HTTPServer", "JSON",
                "Locks", "Observability", "SQLite", "Sites",
            ],
            swiftSettings: common),

        // Fold, store, answer.
        .target(
            name: "ProjectionStore",
            dependencies: [
                "Clocks", "Crypto", "EventModel", "Files", "JSON", "Locks", "Observability", "SQLite", "Timeline",
            ],
            swiftSettings: common),
        .target(
            name: "Projector",
            dependencies: [
                "Clocks", "Crypto", "EventLog", "EventModel", "Locks", "Observability", "ProjectionStore", "Timeline",
            ],
            swiftSettings: common),
        .target(
            name: "Replay",
            dependencies: [
                "Access", "Clocks", "Crypto", "EventLog", "EventModel", "Figures", "Files", "HTTPServer", "JSON",
                "Locks",
                "Observability", "ProjectionStore", "Projector", "SQLite", "Timeline",
            ],
            swiftSettings: common),
        .target(
            name: "Query",
            dependencies: [
                "Clocks", "Crypto", "EventLog", "EventModel", "Figures", "HTTPServer", "JSON", "Locks",
                "Observability", "Projector", "Timeline",
            ],
            swiftSettings: common),

        // Several processes: who holds which partition, questions forwarded, figures published.
        .target(
            name: "Cluster",
            dependencies: [
                "Clocks", "Crypto", "EventLog", "EventModel", "HTTPClient", "HTTPServer", "JSON", "Locks",
                "Observability", "ProjectionStore", "Projector", "Query", "Replay",
            ],
            swiftSettings: common),
        .target(
            name: "Publisher",
            dependencies: [
                "Clocks", "Crypto", "EventLog", "EventModel", "Figures", "HTTPClient", "JSON", "Locks", "Observability",
                "ProjectionStore",
                "Projector", "SQLite", "Timeline",
            ],
            swiftSettings: common),

        // The dashboard: its files, in the program.
        .target(name: "CBoard", cSettings: [.unsafeFlags(["-std=gnu2x"])]),
        .target(
            name: "Board", dependencies: ["CBoard", "Crypto", "HTTPServer"], exclude: ["Web"], swiftSettings: common),

        // Everything put together.
        .target(
            name: "SimulationKit", dependencies: ["EventLog", "EventModel", "JSON", "Locks"], swiftSettings: common),
        .target(
            name: "Commands",
            dependencies: [
                "Access", "Board", "Clocks", "Cluster", "Crypto", "EventLog", "EventModel", "Figures", "Files",
                "Gateway",
                "HTTPClient", "HTTPServer", "JSON", "KafkaLog", "Locks", "Observability", "ProjectionStore",
                "Projector", "Publisher",
                "Query", "Replay", "SQLite", "SQLiteLog", "SimulationKit", "Sites", "Timeline",
            ],
            swiftSettings: common),
        .executableTarget(name: "andon", dependencies: ["Commands"], swiftSettings: common),

        // Tests, in the same order. The oracle recomputes every figure from scratch and shares no code with the fold.
        .target(name: "Oracle", dependencies: ["EventModel"], path: "Tests/Oracle", swiftSettings: common),
        .target(name: "TestKit", path: "Tests/TestKit", swiftSettings: common),
        .testTarget(
            name: "EventModelTests", dependencies: ["EventModel", "TestKit"], exclude: ["Python"],
            swiftSettings: common),
        .testTarget(name: "JSONTests", dependencies: ["JSON"], swiftSettings: common),
        .testTarget(
            name: "TimelineTests",
            dependencies: ["Crypto", "EventModel", "Figures", "Oracle", "SimulationKit", "Timeline"],
            swiftSettings: common),
        .testTarget(
            name: "FiguresTests",
            dependencies: ["EventModel", "Figures", "JSON", "Locks", "Oracle", "SimulationKit", "Timeline"],
            swiftSettings: common),
        .testTarget(
            name: "BaseTests", dependencies: ["Clocks", "EventModel", "Locks", "Observability"], swiftSettings: common),
        .target(
            name: "EventLogContract", dependencies: ["EventLog", "EventModel", "Locks"], path: "Tests/EventLogContract",
            swiftSettings: common),
        .executableTarget(
            name: "log-torture", dependencies: ["EventLog", "EventModel", "SQLiteLog"], path: "Tests/LogTorture",
            swiftSettings: common),
        .testTarget(
            name: "EventLogTests",
            dependencies: [
                "EventLog", "EventLogContract", "EventModel", "Locks", "SQLite", "SQLiteLog", "TestKit", "log-torture",
            ],
            swiftSettings: common),
        .testTarget(name: "SQLiteTests", dependencies: ["SQLite", "TestKit"], swiftSettings: common),
        .testTarget(
            name: "HTTPServerTests", dependencies: ["HTTPServer", "Locks", "Observability"], swiftSettings: common),
        .testTarget(
            name: "HTTPClientTests", dependencies: ["HTTPClient", "HTTPServer", "Locks"], swiftSettings: common),
        .testTarget(
            name: "GatewayTests",
            dependencies: [
                "Access", "Clocks", "Crypto", "EventLog", "EventModel", "Gateway", "HTTPClient", "HTTPServer", "JSON",
                "Locks", "Observability", "Oracle", "SQLite", "Sites", "TestKit",
            ],
            swiftSettings: common),
        .testTarget(
            name: "ProjectorTests",
            dependencies: [
                "Clocks", "Crypto", "EventLog", "EventModel", "Figures", "Locks", "Observability", "Oracle",
                "ProjectionStore", "Projector", "SQLite", "SQLiteLog", "SimulationKit", "TestKit", "Timeline",
            ],
            swiftSettings: common),
        .executableTarget(
            name: "rebuild-torture",
            dependencies: [
                "Clocks", "EventModel", "Locks", "Observability", "ProjectionStore", "Projector", "Replay",
                "SQLiteLog",
            ],
            path: "Tests/RebuildTorture", swiftSettings: common),
        .testTarget(
            name: "ReplayTests",
            dependencies: [
                "Access", "Clocks", "Crypto", "EventLog", "EventModel", "Figures", "HTTPServer", "JSON", "Locks",
                "Observability", "Oracle", "ProjectionStore", "Projector", "Replay", "SQLite", "SQLiteLog",
                "SimulationKit", "TestKit", "Timeline", "rebuild-torture",
            ],
            swiftSettings: common),
        .testTarget(
            name: "QueryTests",
            dependencies: [
                "Clocks", "EventLog", "EventModel", "Figures", "HTTPServer", "JSON", "Locks", "Observability", "Oracle",
                "ProjectionStore", "Projector", "Query", "SQLiteLog", "SimulationKit", "TestKit", "Timeline",
            ],
            swiftSettings: common),
        // Starts the real program, which is built beside the tests.
        .target(
            name: "ProcessHarness", dependencies: ["HTTPClient", "Locks"], path: "Tests/ProcessHarness",
            swiftSettings: common),
        .target(
            name: "KafkaHarness", dependencies: ["Locks", "ProcessHarness"], path: "Tests/KafkaHarness",
            swiftSettings: common),
        .testTarget(
            name: "CommandsTests",
            dependencies: [
                "Access", "Clocks", "Commands", "EventLog", "EventModel", "Files", "Gateway", "HTTPClient",
                "HTTPServer",
                "JSON", "KafkaHarness", "KafkaLog", "Locks", "Observability", "Oracle", "ProcessHarness",
                "ProjectionStore", "Projector", "Replay", "SQLite", "SQLiteLog", "SimulationKit", "Sites", "TestKit",
            ],
            swiftSettings: common),
        .testTarget(
            name: "KafkaLogTests",
            dependencies: ["EventLog", "EventLogContract", "EventModel", "KafkaHarness", "KafkaLog", "Locks"],
            swiftSettings: common),
        .testTarget(
            name: "ClusterTests",
            dependencies: [
                "Clocks", "Cluster", "EventLog", "EventModel", "HTTPClient", "HTTPServer", "JSON", "Locks",
                "Observability",
                "Oracle", "ProjectionStore", "Projector", "Query", "Replay", "SimulationKit", "TestKit", "Timeline",
            ],
            swiftSettings: common),
        .testTarget(
            name: "PublisherTests",
            dependencies: [
                "Clocks", "Crypto", "EventLog", "EventModel", "Figures", "HTTPServer", "JSON", "Locks", "Observability",
                "Oracle",
                "ProjectionStore", "Projector", "Publisher", "SQLite", "SimulationKit", "TestKit", "Timeline",
            ],
            swiftSettings: common),
        .testTarget(name: "BoardTests", dependencies: ["Board", "HTTPServer"], swiftSettings: common),
        .testTarget(
            name: "KafkaEndToEndTests",
            dependencies: [
                "EventLog", "EventModel", "HTTPClient", "JSON", "KafkaHarness", "KafkaLog", "Locks", "Oracle",
                "ProcessHarness", "SimulationKit",
            ],
            exclude: ["Python"], swiftSettings: common),
        // The whole system on one thread, in simulated time.
        .testTarget(
            name: "SimulationTests",
            dependencies: [
                "Clocks", "Cluster", "Crypto", "EventLog", "EventModel", "Figures", "Gateway", "JSON", "Locks",
                "Oracle",
                "ProjectionStore",
                "Projector", "Publisher", "Query", "SimulationKit", "Sites", "TestKit", "Timeline",
            ],
            swiftSettings: common),
        .testTarget(name: "RepositoryTests", swiftSettings: common),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
