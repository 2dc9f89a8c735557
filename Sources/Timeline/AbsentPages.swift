public import EventModel

/// A page that a record will touch and that only the store has.
public struct AbsentPage: Sendable {
    public var line: LineID
    /// A key in the page's range.
    public var key: EventKey
}

extension PartitionFold {
    /// The pages that must be loaded to fold a batch, so that the caller can load them in advance. A page may occur
    /// more than once.
    public func absentPages(for batch: EventBatch) -> [AbsentPage] {
        guard let site = number(of: batch.siteID), sites[site].timelines.lacksPages else { return [] }
        return sites[site].absentPages(for: batch)
    }
}

extension SiteFold {
    func absentPages(for batch: EventBatch) -> [AbsentPage] {
        var absent: [AbsentPage] = []
        var workers = [UInt32?](repeating: nil, count: batch.ids.count)
        for event in 0..<batch.count {
            let id = Int(batch.workers[event])
            if workers[id] == nil { workers[id] = self.workers.number(of: batch.ids.bytes, batch.ids.range(of: id)) }
            // The store has no pages of a new worker.
            guard let worker = workers[id] else { continue }
            let line = LineIndex(worker, batch.marks[event].eventClass)
            let key = EventKey(time: batch.times[event], type: batch.types[event])
            guard timelines.isAbsent(line, key) else { continue }
            absent.append(AbsentPage(line: LineID(site: index, line), key: key))
        }
        return absent
    }
}
