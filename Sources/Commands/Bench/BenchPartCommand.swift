internal import Foundation

/// `andon bench-part JSON`: one measurement in a process of its own; prints its result as JSON.
enum BenchPartCommand {
    static let command = Command(
        path: ["bench-part"],
        summary: "runs one measurement of andon bench",
        examples: [],
        positionals: [.init(name: "CASE", help: "what to measure, as JSON")],
        options: [],
        isHidden: true,
        run: { invocation in
            let benchCase = try JSONDecoder().decode(BenchCase.self, from: Data(invocation.positionals[0].utf8))
            var result = try run(benchCase)
            result.residentBytes = residentBytes()
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            try invocation.console.line(String(decoding: try encoder.encode(result), as: UTF8.self))
            return .success
        })

    private static func run(_ benchCase: BenchCase) throws -> BenchResult {
        switch benchCase.part {
        case .fold: try FoldBench.fold(benchCase)
        case .fill: try FoldBench.fill(benchCase)
        case .scan: try FoldBench.scan(benchCase)
        case .replay: try FoldBench.replay(benchCase)
        case .ingest: try IngestBench.ingest(benchCase)
        case .discard: try IngestBench.discard(benchCase)
        case .visible: try IngestBench.visible(benchCase)
        case .query: try QueryBench.query(benchCase)
        case .stream: try StreamBench.stream(benchCase)
        case .streamIdle: try StreamBench.idle(benchCase)
        case .consume: try KafkaBench.consume(benchCase)
        }
    }
}
