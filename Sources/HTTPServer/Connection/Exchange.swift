import Synchronization

/// The right to answer one request, as it is handed to a handler.
final class Exchange: HTTPExchange {
    private let connection: Connection
    private let generation: UInt64
    private let coding: AnswerCoding
    private let isSpent = Atomic(false)

    init(connection: Connection, generation: UInt64, coding: AnswerCoding) {
        (self.connection, self.generation, self.coding) = (connection, generation, coding)
    }

    deinit {
        guard !isSpent.load(ordering: .acquiring) else { return }
        connection.complete(generation, .problem(500, "the request was dropped unanswered"))
    }

    func complete(_ response: HTTPResponse) {
        spend()
        // On the thread of whoever computed the answer: those that serve connections stay free.
        connection.complete(generation, coding.apply(to: response))
    }

    /// Marks the exchange as used.
    func spend() {
        precondition(!isSpent.exchange(true, ordering: .acquiringAndReleasing), "a request was answered twice")
    }
}
