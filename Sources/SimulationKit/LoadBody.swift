internal import EventModel

/// A JSON request body of a ``LoadShape``, built once and then patched in place. Timestamps, workers and stations have
/// fixed widths, so the next request costs a few microseconds for a hundred events. One body for each connection.
public struct LoadBody: Sendable {
    public let shape: LoadShape
    /// The body after the last ``fill(request:)``: `{"events":[…]}`, or a bare event when a request has only one.
    public private(set) var bytes: [UInt8]

    /// Where the changing parts of an event are in ``bytes``.
    private struct Fields: Sendable {
        var time: Int
        var worker: Int
        var station: Int
        var camera: Int
    }
    private var fields: [Fields] = []
    /// The day whose date ``datePrefix`` is.
    private var day = Int64.min
    /// `2026-01-12T`.
    private var datePrefix: [UInt8] = []

    /// The body of request 0. Which kind of event is at which index depends on the seed and does not change.
    public init(_ shape: LoadShape) {
        self.shape = shape
        bytes = []
        if shape.eventsPerRequest > 1 { bytes += Array("{\"events\":[".utf8) }
        for place in 0..<shape.eventsPerRequest {
            if place > 0 { bytes.append(UInt8(ascii: ",")) }
            appendEvent(SeededGenerator.mix(shape.seed &+ UInt64(place)))
        }
        if shape.eventsPerRequest > 1 { bytes += Array("]}".utf8) }
        fill(request: 0)
    }

    private mutating func appendEvent(_ bits: UInt64) {
        let type = LoadShape.type(bits)
        var event = Fields(time: 0, worker: 0, station: 0, camera: 0)
        bytes += Array("{\"timestamp\":\"".utf8)
        event.time = bytes.count
        bytes += Array("2000-01-01T00:00:00.000000Z\",\"worker_id\":\"".utf8)
        event.worker = bytes.count
        bytes += LoadShape.workerID(0) + Array("\",\"workstation_id\":\"".utf8)
        event.station = bytes.count
        bytes += LoadShape.workstationID(0) + Array("\",\"event_type\":\"\(type.name)\"".utf8)
        bytes += Array(",\"confidence\":0.\(LoadShape.confidence(bits) / 1000)".utf8)
        if type == .productCount { bytes += Array(",\"count\":\(LoadShape.count(bits))".utf8) }
        bytes += Array(",\"camera_id\":\"".utf8)
        event.camera = bytes.count
        bytes += LoadShape.cameraID(0) + Array("\"}".utf8)
        fields.append(event)
    }

    /// Turns the body into that of request `number`.
    public mutating func fill(request number: Int) {
        for place in 0..<shape.eventsPerRequest {
            let slot = shape.slot(place, of: number)
            let station = shape.station(of: slot.worker)
            write(time: slot.time, at: fields[place].time)
            write(slot.worker, digits: 6, at: fields[place].worker + 1)
            write(station, digits: 4, at: fields[place].station + 1)
            write(station, digits: 4, at: fields[place].camera + 1)
        }
    }

    private mutating func write(time: Int64, at place: Int) {
        let dayNumber = time / Microseconds.day
        if dayNumber != day {
            day = dayNumber
            datePrefix = Array(Timestamp(microseconds: time).formatted.utf8.prefix(11))
        }
        for (index, byte) in datePrefix.enumerated() { bytes[place + index] = byte }
        let rest = Int(time % Microseconds.day)
        let seconds = rest / 1_000_000
        write(seconds / 3600, digits: 2, at: place + 11)
        write(seconds / 60 % 60, digits: 2, at: place + 14)
        write(seconds % 60, digits: 2, at: place + 17)
        write(rest % 1_000_000, digits: 6, at: place + 20)
    }

    private mutating func write(_ number: Int, digits: Int, at place: Int) {
        var left = number
        var index = place + digits
        while index > place {
            index -= 1
            bytes[index] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: left % 10)
            left /= 10
        }
    }
}
