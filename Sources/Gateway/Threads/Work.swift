internal import HTTPServer

/// A request that waits for the log thread, and where its answer goes.
struct Work: Sendable {
    var request: AdmissionRequest
    var exchange: any HTTPExchange
}
