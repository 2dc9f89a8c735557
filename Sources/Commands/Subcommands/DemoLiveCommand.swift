internal import Clocks
internal import EventModel
internal import Foundation
internal import JSON
internal import SimulationKit

/// `andon demo-live`: lets the made-up factory of `Deploy/demo` go on, event by event; hidden like `demo-data`.
enum DemoLiveCommand {
    private static let site = Option.text("site", "SITE", "the site of the events", default: "demo-plant")
    private static let speed = Option.integer(
        "speed", "N", "from today's midnight, run N times as fast as the clock until it is reached", in: 1...3_600,
        default: 1)
    /// How often events are sent; the board moves once a second.
    static let intervalMilliseconds = 1_000
    /// A server that is away this long was stopped.
    static let patienceMilliseconds = 30_000

    static let command = Command(
        path: ["demo-live"],
        summary: "lets the made-up factory go on in real time, for Deploy/demo",
        discussion: """
            Sends what happened since midnight, then every second what happened in it, until it is stopped or the server
            is. Begun again it sends the same events; those that the server has change nothing.
            """,
        examples: [
            .init("andon demo-live --key-file demo.key", "go on in real time"),
            .init("andon demo-live --key-file demo.key --speed 60", "an hour of the morning in a minute"),
        ],
        options: [DemoFactory.workers.spec, DemoFactory.seed.spec, site.spec, speed.spec] + ServerAccess.options,
        isHidden: true,
        run: run)

    private static func run(_ invocation: Invocation) throws -> ExitCode {
        let client = APIClient.live(try ServerAccess(invocation))
        let signals = StopSignals.install(invocation.console)
        let environment = Importer.Environment(
            client: client, isStopping: { signals.isStopping }, pause: { _ = signals.wait(milliseconds: $0) },
            milliseconds: { SystemClock().uptime.milliseconds }, note: invocation.console.note, progress: { _ in },
            errorIsTerminal: false)
        try run(invocation, environment) { SystemClock().now }
        return signals.cause == .interrupt ? .interrupted : .success
    }

    /// The command with an environment and a clock that a test can choose; returns when a stop is requested.
    static func run(_ invocation: Invocation, _ environment: Importer.Environment, now: () -> Timestamp) throws {
        let calendar = try DemoFactory.calendar()
        let begun = now()
        let midnight = DemoFactory.timestamp(calendar.startOfDay(for: DemoFactory.date(begun)))
        var flow = FactoryFlow(
            seed: UInt64(try invocation.value(DemoFactory.seed)), workers: try invocation.value(DemoFactory.workers),
            from: midnight
        ) { DemoFactory.midnight(after: $0, calendar) }
        let factor = Int64(try invocation.value(speed))
        let query = [(name: "site_id", value: try invocation.value(site))]
        let server = PatientServer(environment, patienceMilliseconds: patienceMilliseconds)
        while !environment.isStopping() {
            let time = factoryTime(now(), begun: begun, midnight: midnight, speed: factor)
            let lines = flow.arrived(by: time, atMost: Limits.batchEventsMaximum)
            if lines.isEmpty {
                environment.pause(intervalMilliseconds)
            } else if try !send(lines, query, environment, server) {
                return
            }
        }
    }

    /// The time up to which the factory has gone: the clock's, or one that catches up with it from midnight on.
    static func factoryTime(_ now: Timestamp, begun: Timestamp, midnight: Timestamp, speed: Int64) -> Timestamp {
        guard speed > 1 else { return now }
        // Longer than a year of running would overflow nothing that matters: by then it is the clock's.
        let run = min(max(0, now - begun), 366 * Microseconds.day)
        return min(now, midnight + run * speed)
    }

    /// False if a stop was requested.
    private static func send(
        _ lines: [[UInt8]], _ query: [(name: String, value: String)], _ environment: Importer.Environment,
        _ server: PatientServer
    ) throws -> Bool {
        var body: [UInt8] = []
        for line in lines { body += line + [UInt8(ascii: "\n")] }
        let request = APIRequest(
            method: "POST", target: APIRequest.target("/api/events/batch", query),
            headers: [("Content-Type", "application/x-ndjson")], body: body)
        let answer = try server.answer(
            { client throws(TransportFailure) in try client.send(request) }, next: "Deploy/demo starts both again",
            tick: {})
        guard let answer else { return false }
        guard answer.isSuccess else { throw environment.client.failure(answer) }
        return true
    }
}
