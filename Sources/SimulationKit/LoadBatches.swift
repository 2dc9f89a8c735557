public import EventModel

/// Builds the requests of a ``LoadShape`` as decoded records, without JSON: load for the fold and the log.
public struct LoadBatches: Sendable {
    public let shape: LoadShape
    private let modelVersion = Array("bench-1".utf8)
    /// Index + 1 of each worker's and station's id in the batch being filled, if `stamp` is that batch's.
    private var workers: [Known]
    private var stations: [Known]
    private var stamp: UInt32 = 0
    /// Built once: an id for every event would cost more than the event.
    private let workerIDs: [[UInt8]]
    private let stationIDs: [[UInt8]]
    private let cameraIDs: [[UInt8]]

    private struct Known: Sendable {
        var stamp: UInt32 = 0
        var id: UInt32 = 0
        /// Of a station's camera.
        var camera: UInt32 = 0
    }

    public init(_ shape: LoadShape) {
        self.shape = shape
        workers = Array(repeating: Known(), count: shape.workers)
        stations = Array(repeating: Known(), count: shape.workstations)
        workerIDs = (0..<shape.workers).map(LoadShape.workerID)
        stationIDs = (0..<shape.workstations).map(LoadShape.workstationID)
        cameraIDs = (0..<shape.workstations).map(LoadShape.cameraID)
    }

    /// Replaces the content of `batch` by request `number`; reuses its memory.
    public mutating func fill(_ batch: inout EventBatch, request number: Int) {
        batch.removeAll()
        batch.siteID = shape.siteID
        batch.createdAt = shape.createdAt(of: number)
        batch.definitionVersion = 1
        stamp += 1
        let model = batch.ids.append(modelVersion)
        for place in 0..<shape.eventsPerRequest {
            let slot = shape.slot(place, of: number)
            let worker = worker(slot.worker, in: &batch)
            let station = station(shape.station(of: slot.worker), in: &batch)
            let type = LoadShape.type(slot.bits)
            batch.append(
                time: slot.time, type: type, mark: .accepted, worker: worker, workstation: station.id,
                camera: station.camera, modelVersion: model, confidence: LoadShape.confidence(slot.bits),
                count: type == .productCount ? LoadShape.count(slot.bits) : 0)
        }
    }

    private mutating func worker(_ number: Int, in batch: inout EventBatch) -> UInt32 {
        if workers[number].stamp != stamp {
            workers[number] = Known(stamp: stamp, id: batch.ids.append(workerIDs[number]))
        }
        return workers[number].id
    }

    private mutating func station(_ number: Int, in batch: inout EventBatch) -> Known {
        if stations[number].stamp != stamp {
            let id = batch.ids.append(stationIDs[number])
            stations[number] = Known(
                stamp: stamp, id: id, camera: batch.ids.append(cameraIDs[number]))
        }
        return stations[number]
    }
}
