internal import EventModel
internal import Foundation
internal import JSON

extension APIClient {
    /// The message to the user about an answer that is not a success.
    func failure(_ answer: APIAnswer) -> CommandFailure {
        let problem = ServerProblem(answer.body)
        let what = problem.sentence(status: answer.status)
        let details = ["server \(access.url)", "status \(answer.status)"] + problem.pointers
        switch answer.status {
        case 300..<400:
            return moved(answer, details)
        case 401:
            return CommandFailure(
                .failure, what, why: access.key == nil ? "no key was sent" : "the key is not known, or was revoked",
                next: "andon key create --role operator --out my.key, then --key-file my.key", details: details)
        case 403:
            return CommandFailure(
                .failure, what, why: "the key may not do this, or not for this site",
                next: "andon key list shows what each key may do", details: details)
        case 404:
            return CommandFailure(
                .failure, what, next: problem.parameter == nil ? "andon site apply FILE registers a site" : nil,
                details: details)
        case 429:
            return CommandFailure(
                .tryAgain, what, why: answer.retryAfterSeconds.map { "no more requests until \(time(after: $0))" },
                next: "run the same command again then, or give the key another limit: andon key create --rate-limit N",
                details: details)
        case 503:
            return CommandFailure(
                .tryAgain, what, why: answer.retryAfterSeconds.map { "the server asks to wait \($0) s" },
                next: "run the same command again later", details: details)
        case 413, 415, 422:
            return CommandFailure(
                .badData, what, why: problem.pointers.isEmpty ? nil : problem.pointers.joined(separator: "; "),
                details: details)
        case 400:
            return CommandFailure(.usage, what, details: details)
        default:
            return CommandFailure(.failure, what, details: details)
        }
    }

    /// A server that refers to another address: the key is not sent there without being asked to.
    private func moved(_ answer: APIAnswer, _ details: [String]) -> CommandFailure {
        guard let location = answer.location.map(printable) else {
            return CommandFailure(.failure, "\(access.url) refers to another address and does not say which")
        }
        return CommandFailure(
            .failure, "\(access.url) refers to another server: \(location)",
            why: "a key goes only where --url says", next: "name that server with --url", details: details)
    }

    /// The local time of day so many seconds from now, e.g. `14:03:20`.
    func time(after seconds: Int) -> String {
        LocalTime.text(Timestamp(microseconds: now().microseconds + Int64(seconds) * Microseconds.second))
    }
}

/// Times of day as the clock on the wall shows them here.
enum LocalTime {
    static func text(_ time: Timestamp) -> String {
        var seconds = time_t(time.microseconds / Microseconds.second)
        var parts = tm()
        localtime_r(&seconds, &parts)
        let digits = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { $0 < 10 ? "0\($0)" : "\($0)" }
        return digits.joined(separator: ":")
    }
}

/// The parts of `application/problem+json` shown to people (RFC 9457).
struct ServerProblem {
    private var title: String?
    private var detail: String?
    /// The parameter of the query that is wrong, as the server names it.
    private(set) var parameter: String?
    /// `/site/name: …` for each fault in a definition.
    private(set) var pointers: [String] = []

    init(_ body: [UInt8]) {
        guard let problem = JSONValue(body) else { return }
        title = problem["title"]?.text.map(printable)
        detail = problem["detail"]?.text.map(printable)
        parameter = problem["parameter"]?.text.map(printable)
        for fault in problem["errors"]?.items ?? [] {
            let pointer = fault["pointer"]?.text ?? fault["field"]?.text ?? ""
            let message = fault["detail"]?.text ?? fault["message"]?.text ?? ""
            pointers.append(printable("\(pointer): \(message)"))
        }
    }

    /// What the server said, in the words of the command line.
    func sentence(status: Int) -> String {
        guard let said = detail ?? title else { return "the server answered \(status)" }
        guard status == 400 || parameter != nil else { return said }
        return Self.inFlags(said, parameter: parameter)
    }

    /// The option that gives a parameter its value.
    static func flag(_ parameter: String) -> String {
        switch parameter {
        case "site_id", "worker_id", "camera_id": "--" + parameter.dropLast("_id".count)
        case "workstation_id": "--station"
        default: "--" + parameter.replacing("_", with: "-")
        }
    }

    /// `from: must be a time` as `--from must be a time`; other parameters that the sentence names become flags too.
    private static func inFlags(_ sentence: String, parameter: String?) -> String {
        var text = sentence.replacing(/\?([a-z_]+)=…?/) { flag(String($0.output.1)) }
        if let parameter {
            if text.hasPrefix(parameter + ": ") { text = flag(parameter) + text.dropFirst(parameter.count) }
            if !text.contains(flag(parameter)) { text = "\(flag(parameter)): \(text)" }
        }
        return text.replacing(/\b[a-z]+_(?:id|at|position|by|from|to)\b/) { flag(String($0.output)) }
    }
}
