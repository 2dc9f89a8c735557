import EventModel
import Foundation
import HTTPClient
import Locks

/// What an Andon answers about some sites.
struct Figures: Equatable, CustomStringConvertible {
    /// By question, the answer's bytes without `meta`, which tells when and where it was given.
    var answers: [String: String] = [:]
    var ledgers: [String: Ledger] = [:]

    /// Of a site, the counts that do not depend on how often something was sent.
    struct Ledger: Equatable, Decodable {
        var folded: Int
        var lowConfidence: Int
        var quarantined: Int
    }

    var description: String { "\(ledgers) \(answers.sorted { $0.key < $1.key })" }

    /// Questions that differ between two Andons, for messages.
    func differences(from other: Figures) -> [String] {
        let questions = Set(answers.keys).union(other.answers.keys).sorted()
        return questions.filter { answers[$0] != other.answers[$0] }.map { question in
            "\(question): \(answers[question] ?? "-") and not \(other.answers[question] ?? "-")"
        }
    }

    /// Asks until every question is answered 200.
    /// - Returns: nil where this took more than the time given.
    static func ask(_ url: String, _ sites: [SiteID], seconds: Int = 60) -> Figures? {
        var figures = Figures()
        let client = HTTPClient()
        for site in sites {
            let target = "\(url)/api/ledger?site_id=\(site)"
            guard let ledger: Ledger = decoded(answer(client, target, seconds: seconds)) else { return nil }
            figures.ledgers[site.text] = ledger
            for question in questions(site) {
                guard let body = answer(client, url + question, seconds: seconds) else { return nil }
                figures.answers[question] = withoutMeta(body)
            }
        }
        return figures
    }

    /// Asks until the ledgers are these.
    /// - Returns: the last ledgers seen.
    static func awaitLedgers(
        _ url: String, _ wanted: [String: Ledger], seconds: Int = 60
    ) -> [String: Ledger] {
        let client = HTTPClient()
        let patience = Patience(seconds: seconds)
        var seen: [String: Ledger] = [:]
        for site in wanted.keys.sorted() {
            repeat {
                let answer = try? client.send("GET", "\(url)/api/ledger?site_id=\(site)")
                if answer?.status == 200, let ledger: Ledger = decoded(answer?.body) { seen[site] = ledger }
            } while seen[site] != wanted[site] && patience.waitALittle()
        }
        return seen
    }

    /// The body once a question is answered 200.
    static func answer(_ client: HTTPClient, _ target: String, seconds: Int = 60) -> [UInt8]? {
        let patience = Patience(seconds: seconds)
        repeat {
            if let answer = try? client.send("GET", target), answer.status == 200 { return answer.body }
        } while patience.waitALittle()
        return nil
    }

    static func questions(_ site: SiteID) -> [String] {
        // A whole week around the load, the hours at its start, and all that there ever was.
        let windows = [
            "from=2026-01-10T00:00:00Z&to=2026-01-17T00:00:00Z", "from=2026-01-12T00:10:00Z&to=2026-01-12T03:00:00Z",
            "from=1970-01-02T00:00:00Z&to=2026-02-01T00:00:00Z",
        ]
        let paths = ["metrics/workers?", "metrics/workstations?", "metrics/factory?", "metrics/model-health?"]
        let asked = (paths + ["metrics/model-health?group_by=camera&"]).flatMap { path in
            windows.map { "/api/\(path)site_id=\(site)&\($0)" }
        }
        return asked
    }

    private static func decoded<Value: Decodable>(_ body: [UInt8]?) -> Value? {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return body.flatMap { try? decoder.decode(Value.self, from: Data($0)) }
    }

    /// Cuts the member `meta` out of an answer and leaves every other byte.
    static func withoutMeta(_ body: [UInt8]) -> String {
        let text = String(decoding: body, as: UTF8.self)
        guard let start = text.range(of: #""meta":{"#) else { return text }
        var depth = 1
        var end = start.upperBound
        while depth > 0, end < text.endIndex {
            if text[end] == "{" { depth += 1 }
            if text[end] == "}" { depth -= 1 }
            end = text.index(after: end)
        }
        return String(text[..<start.lowerBound] + text[end...])
    }
}

/// How long a condition may take to come true. Waiting a little between two looks is for the processor's sake only:
/// what is looked at runs in other processes, which cannot wake us.
final class Patience {
    private let deadline: ContinuousClock.Instant
    private let never = Monitor(())

    init(seconds: Int) { deadline = .now + .seconds(seconds) }

    /// - Returns: false when the time is up.
    func waitALittle() -> Bool {
        never.wait(milliseconds: 50) { _ in nil as Void? }
        return .now < deadline
    }
}
