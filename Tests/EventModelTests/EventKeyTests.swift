import EventModel
import Testing

@Suite("Event keys")
struct EventKeyTests {
    private static let times = [0, 1, Timestamp.latest.microseconds]

    @Test("time and type come back from a key", arguments: EventType.allCases)
    func fields(type: EventType) {
        for time in Self.times {
            let key = EventKey(time: time, type: type)
            #expect(key.time == time && key.type == type && key.isState == type.isState)
        }
    }

    @Test("keys are ordered by time, then absent < idle < working (SPEC 4.2)")
    func order() {
        let types: [EventType] = [.absent, .idle, .working]
        let keys = Self.times.flatMap { time in types.map { EventKey(time: time, type: $0) } }
        #expect(zip(keys, keys.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test("an instant divides the keys before it from those at it")
    func instants() {
        for type in EventType.allCases {
            #expect(EventKey(time: 9, type: type) < EventKey(at: 10))
            #expect(EventKey(at: 10) <= EventKey(time: 10, type: type))
            #expect(EventKey(at: 10).predecessor < EventKey(time: 10, type: type))
        }
    }

    @Test("every admissible event lies between the ends of a time line (SPEC 2.1)")
    func ends() {
        for type in EventType.allCases {
            for time in Self.times {
                let key = EventKey(time: time, type: type)
                #expect(EventKey.lowest < key && key < EventKey.highest.predecessor)
            }
        }
    }

    @Test("a time that a key has no room for stops the program")
    func overflow() async {
        await #expect(processExitsWith: .failure) { _ = EventKey(time: Int64.max / 4 + 1, type: .idle) }
        await #expect(processExitsWith: .failure) { _ = EventKey(time: Int64.min / 4 - 1, type: .idle) }
    }
}
