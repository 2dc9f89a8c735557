internal import JSON
internal import Locks

/// Which log a server writes, as it says to anybody at `/livez`.
///
/// Asked without the key, so that the key goes only to the server that it belongs to.
final class ServerIdentity: Sendable {
    private enum Known {
        case no
        /// nil: the server does not say.
        case log(String?)
    }

    private let known = Guarded(Known.no)

    /// Identity of the server's log, in hexadecimal digits; nil if the server does not say.
    /// - Throws: ``TransportFailure`` if it does not answer, or is not ready to.
    func log(
        _ transport: (APIRequest) throws(TransportFailure) -> APIAnswer
    ) throws(TransportFailure) -> String? {
        if case .log(let log) = known.withLock({ $0 }) { return log }
        let answer = try transport(APIRequest(method: "GET", target: "/livez"))
        guard !answer.isRetriable else {
            throw TransportFailure(message: "it answers \(answer.status)", retryAfterSeconds: answer.retryAfterSeconds)
        }
        let log = answer.isSuccess ? JSONValue(answer.body)?["log"]?.text?.lowercased() : nil
        known.withLock { $0 = .log(log) }
        return log
    }

    /// Asks again before the next request: another server may listen there by now.
    func forget() { known.withLock { $0 = .no } }
}
