internal import EventModel

extension EventBatch {
    /// The batch without the events at these indexes, and with only the ids that the remaining events use.
    func without(_ dropped: [Int]) -> EventBatch {
        var rest = EventBatch(siteID: siteID, createdAt: createdAt)
        rest.definitionVersion = definitionVersion
        var numbers = [UInt32?](repeating: nil, count: ids.count)
        func number(_ id: UInt32) -> UInt32 {
            if let number = numbers[Int(id)] { return number }
            let number = rest.ids.append(ids.bytes[ids.range(of: Int(id))])
            numbers[Int(id)] = number
            return number
        }
        var next = 0
        for event in 0..<count {
            if next < dropped.count, dropped[next] == event {
                next += 1
                continue
            }
            rest.append(
                time: times[event], type: types[event], mark: marks[event], worker: number(workers[event]),
                workstation: number(workstations[event]),
                camera: cameras[event] == 0 ? nil : number(cameras[event] - 1),
                modelVersion: modelVersions[event] == 0 ? nil : number(modelVersions[event] - 1),
                confidence: confidences[event], count: counts[event], firstSeen: firstSeen[event])
        }
        return rest
    }
}
