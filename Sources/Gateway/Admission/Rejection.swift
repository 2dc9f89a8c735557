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

    /// An event whose camera, or model version where it names none, is one too many for its site.
    static func surplus(index: UInt32, _ event: Int, of batch: borrowing EventBatch) -> Rejection {
        let (camera, model) = (batch.cameras[event], batch.modelVersions[event])
        let (field, id): (EventField, UInt32) =
            camera > 0
            ? (.cameraID, camera - 1)
            : model > 0 ? (.modelVersion, model - 1) : (.workstationID, batch.workstations[event])
        return Rejection(index: index, verdict: .invalidID, field: field, value: .surplus(id: batch.ids[Int(id)]))
    }

    /// An event that was well formed, and rejected with this verdict; nil if none of these has it.
    init?(index: UInt32, _ verdict: Verdict, _ event: Int, of batch: borrowing EventBatch) {
        if verdict == .invalidID {
            self = .surplus(index: index, event, of: batch)
        } else if let mark = verdict.mark {
            self.init(index: index, mark: mark, event, of: batch)
        } else {
            return nil
        }
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
