import EventLog
import EventModel
import KafkaLog
import Locks

/// Collects what became of records; a second answer for one is a broken contract.
final class Outcomes: DeliveryReceiver {
    private let results = Monitor<[Int: Result<RecordPosition, LogError>]>([:])

    func delivered(_ index: Int, _ result: Result<RecordPosition, LogError>) {
        results.update { results in
            precondition(results[index] == nil, "record \(index) was answered twice")
            results[index] = result
        }
    }

    func wait(for count: Int) { results.wait { $0.count >= count ? () : nil } }

    var count: Int { results.withLock { $0.count } }

    /// By index.
    var all: [Result<RecordPosition, LogError>] {
        results.withLock { results in results.keys.sorted().compactMap { results[$0] } }
    }

    subscript(index: Int) -> Result<RecordPosition, LogError> {
        results.withLock { $0[index] ?? .failure(LogError(.unavailable, "no answer")) }
    }

    var errors: [LogError.Code] {
        all.compactMap { result in
            if case .failure(let error) = result { error.code } else { nil }
        }
    }
}
