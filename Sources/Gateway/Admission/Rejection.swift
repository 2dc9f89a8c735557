package import EventModel

/// A field of an event, in the order of SPEC 2.1.
package enum EventField: UInt8, CaseIterable, Sendable {
    case timestamp, workerID, workstationID, eventType, confidence, count, cameraID, modelVersion, siteID

    package var name: StaticString {
        switch self {
        case .timestamp: "timestamp"
        case .workerID: "worker_id"
        case .workstationID: "workstation_id"
        case .eventType: "event_type"
        case .confidence: "confidence"
        case .count: "count"
        case .cameraID: "camera_id"
        case .modelVersion: "model_version"
        case .siteID: "site_id"
        }
    }
}

/// An event that is not simply accepted, and why: the first rule that it breaks (SPEC 2.3).
package struct Rejection: Equatable, Sendable {
    /// Index in the request, from 0.
    package var index: UInt32
    package var verdict: Verdict
    /// The field that breaks the rule; nil if the event as a whole does.
    package var field: EventField?
    /// What stands in the field.
    package var value = RejectedValue.none
}

extension Rejection {
    /// An event that is kept with a mark.
    /// - Parameter event: Its number in the batch.
    init(index: UInt32, mark: Mark, _ event: Int, of batch: borrowing EventBatch) {
        let (field, value): (EventField?, RejectedValue) =
            switch mark {
            case .accepted: (nil, .none)
            case .lowConfidence:
                (.confidence, .confidence(Confidence(partsPerMillion: batch.confidences[event])))
            case .unknownWorker: (.workerID, RejectedValue(id: batch.ids[Int(batch.workers[event])]))
            case .unknownWorkstation: (.workstationID, RejectedValue(id: batch.ids[Int(batch.workstations[event])]))
            case .timestampInFuture: (.timestamp, .time(Timestamp(microseconds: batch.times[event])))
            }
        self.init(index: index, verdict: mark.verdict, field: field, value: value)
    }

    /// Merges both lists, which are sorted by index.
    static func merge(_ left: [Rejection], _ right: [Rejection]) -> [Rejection] {
        if left.isEmpty { return right }
        if right.isEmpty { return left }
        var merged: [Rejection] = []
        merged.reserveCapacity(left.count + right.count)
        var next = 0
        for rejection in left {
            while next < right.count, right[next].index < rejection.index {
                merged.append(right[next])
                next += 1
            }
            merged.append(rejection)
        }
        merged.append(contentsOf: right[next...])
        return merged
    }
}
