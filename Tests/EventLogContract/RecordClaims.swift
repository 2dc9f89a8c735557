import EventLog
import EventModel

extension ContractClaim {
    static let records: [ContractClaim] = [
        ContractClaim(name: "what is appended is read back, in order, with offsets that rise by one") { makeLog in
            let bench = try Bench(makeLog)
            let payloads: [[UInt8]] = [[1], [], [0, 255, 0], Array(repeating: 9, count: 70_000)]
            for (index, payload) in payloads.enumerated() {
                let positions = try bench.log.append([bench.record(payload, at: Int64(index) - 1)])
                try require(
                    positions == [RecordPosition(partition: bench.partition, offset: bench.offset(index))],
                    "record \(index) is at \(positions)")
            }
            let read = try bench.readAll()
            try require(read.map(\.payload) == payloads, "other payloads were read")
            try require(read.map(\.offset) == (0..<4).map { bench.offset($0).value }, "other offsets were read")
            try require(read.map(\.createdAt.microseconds) == [-1, 0, 1, 2], "other times were read")
            try require(
                read.allSatisfy { $0.key == bench.key && $0.headers.isEmpty }, "other keys or headers were read")
        },
        ContractClaim(name: "a group is appended as a whole, side by side, in its order") { makeLog in
            let bench = try Bench(makeLog)
            let group = (0..<100).map { bench.record([UInt8($0)]) }
            let positions = try bench.log.append(group)
            try require(
                positions.map(\.offset) == (0..<100).map { bench.offset($0) }, "the offsets are not side by side")
            try require(try bench.readAll().map(\.payload) == (0..<100).map { [UInt8($0)] }, "the order changed")
        },
        ContractClaim(name: "appending nothing is allowed and changes nothing") { makeLog in
            let bench = try Bench(makeLog)
            try require(try bench.log.append([]).isEmpty, "positions of nothing")
            try require(try bench.log.endOffset(bench.partition) == bench.base, "the end moved")
        },
        ContractClaim(name: "headers come back with names, values and order") { makeLog in
            let bench = try Bench(makeLog)
            let headers = [
                RecordHeader(name: "ce_id", value: [1, 0, 2]), RecordHeader(name: "", value: []),
                RecordHeader(name: "Zoë", value: Array(repeating: 7, count: 300)),
            ]
            _ = try bench.log.append([bench.record([1], headers: headers), bench.record([2])])
            let read = try bench.readAll()
            try require(read.map(\.headers) == [headers, []], "other headers were read")
        },
        ContractClaim(name: "a record of the largest size is taken; a group with one byte more is refused as a whole") {
            makeLog in
            let bench = try Bench(makeLog)
            let header = RecordHeader(name: "n", value: [1])
            let room = Limits.recordBytesMaximum - bench.key.count - 2
            _ = try bench.log.append([bench.record(Array(repeating: 1, count: room), headers: [header])])
            try requireError(.invalidRecord) {
                let tooLarge = bench.record(Array(repeating: 1, count: room + 1), headers: [header])
                _ = try bench.log.append([bench.record([1]), tooLarge])
            }
            let read = try bench.readAll()
            try require(read.count == 1 && read[0].payload.count == room, "other records were read")
        },
        ContractClaim(name: "an epoch has 16 bytes and is another one for another log") { makeLog in
            let first = try makeLog().epoch
            let second = try makeLog().epoch
            try require(first.bytes.count == 16 && first != second, "epochs \(first) and \(second)")
        },
    ]
}
