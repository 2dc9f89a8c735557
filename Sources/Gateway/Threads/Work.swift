internal import HTTPServer

/// A request that waits for the log thread, and the exchange that gets its answer.
struct Work: Sendable {
    var request: AdmissionRequest
    var exchange: any HTTPExchange
}
