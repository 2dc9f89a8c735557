internal import EventModel
internal import Foundation
internal import HTTPClient

/// Questions over HTTP to a service whose log `fill` has written: a day's figures of every worker, and what a week was like.
enum QueryBench {
    static func query(_ benchCase: BenchCase) throws -> BenchResult {
        let running = try RunningService(benchCase)
        defer { running.stop() }
        running.waitForFold()
        var result = BenchResult(events: benchCase.events)
        let client = HTTPClient()
        for question in try questions(benchCase) + series(benchCase) {
            let times = try milliseconds(client, running.url + question.path)
            result.details[question.name] = median(times)
            // The service remembers parts of hours; all other questions take as long at first as later.
            if question.name.contains("shifts") { result.details[question.name + ", the first time"] = times[0] }
        }
        // A bulk import of the queried days.
        var plan = running.plan(benchCase)
        plan.first = benchCase.requests / 4
        plan.shape.seed &+= 1
        let load = LoadThread(plan)
        for question in try questions(benchCase) {
            result.details[question.name + " while importing"] = median(
                try milliseconds(client, running.url + question.path))
        }
        let outcome = load.wait()
        result.details["imported_requests"] = Double(outcome?.requests ?? 0)
        return result
    }

    private static func questions(_ benchCase: BenchCase) throws -> [(name: String, path: String)] {
        // The second local day of the load.
        let midnight = BenchCase.start.microseconds + Microseconds.day - offset(benchCase)
        let hour = Microseconds.hour
        func path(_ from: Int64, _ to: Int64, _ knownAt: Int64? = nil) -> String {
            var path = "/api/metrics/workers?" + span(benchCase, from, to)
            if let knownAt { path += "&known_at=\(Timestamp(microseconds: knownAt).formatted)" }
            return path
        }
        let tenPastSix = midnight + 6 * hour + 10 * Microseconds.minute
        return [
            ("day", path(midnight, midnight + Microseconds.day)),
            ("day known at noon", path(midnight, midnight + Microseconds.day, midnight + 12 * hour)),
            ("night shift known at 06:10", path(midnight - 2 * hour, midnight + 6 * hour, tenPastSix)),
        ]
    }

    /// A week by shifts and by hours, and a day's heat map, each also as known at a noon in between.
    private static func series(_ benchCase: BenchCase) throws -> [(name: String, path: String)] {
        let offset = offset(benchCase)
        let (hour, day) = (Microseconds.hour, Microseconds.day)
        let monday = BenchCase.start.microseconds - offset
        let week = span(benchCase, monday, monday + 7 * day)
        let worker = benchCase.definition.workers[benchCase.workers / 2].workerID
        let questions = [
            ("week of shifts", "shifts?" + week), ("week of handovers", "handover?" + week),
            ("week by the hour", "trend?" + week),
            ("week of a worker by the hour", "trend?\(week)&of=worker:\(worker)"),
            ("heat map of a day", "heatmap?of=workers&" + span(benchCase, monday + 2 * day, monday + 3 * day)),
        ]
        return questions.flatMap { name, path in
            let isDay = name.hasPrefix("heat")
            let noon = Timestamp(microseconds: monday + (isDay ? 2 : 3) * day + 12 * hour)
            return [
                (name, "/api/metrics/" + path),
                (name + " known at noon", "/api/metrics/\(path)&known_at=\(noon.formatted)"),
            ]
        }
    }

    private static func offset(_ benchCase: BenchCase) -> Int64 {
        let zone = TimeZone(identifier: benchCase.timeZone) ?? .gmt
        return Int64(zone.secondsFromGMT()) * Microseconds.second
    }

    private static func span(_ benchCase: BenchCase, _ from: Int64, _ to: Int64) -> String {
        "site_id=\(benchCase.shape.siteID)&from=\(Timestamp(microseconds: from).formatted)"
            + "&to=\(Timestamp(microseconds: to).formatted)"
    }

    /// How long each of a few requests takes, one after the other.
    private static func milliseconds(_ client: HTTPClient, _ url: String) throws -> [Double] {
        try (0..<11).map { _ in
            let seconds = try measureSeconds {
                let answer = try client.send("GET", url)
                guard answer.status == 200 else {
                    throw CommandFailure(.failure, String(decoding: answer.body, as: UTF8.self))
                }
            }
            return seconds * 1000
        }
    }

    private static func median(_ times: [Double]) -> Double { times.sorted()[times.count / 2] }
}
