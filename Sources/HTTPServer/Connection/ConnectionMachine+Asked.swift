/// What others ask a connection's machine.
extension ConnectionMachine {
    /// True while a request is under way whose answer the client should still get when the server stops.
    var isBusy: Bool {
        switch state {
        case .head, .body, .refused, .handling, .early, .settled, .asleep, .awake, .answering, .streaming: true
        case .waiting, .lingering, .late, .cut: false
        }
    }

    var stream: ResponseStream? {
        if case .streaming(let stream) = state { stream } else { nil }
    }

    /// What the client was told past the library, where its request did not arrive.
    var told: HTTPResponse? {
        switch state {
        case .late(let response, _), .cut(let response?): response
        default: nil
        }
    }
}
