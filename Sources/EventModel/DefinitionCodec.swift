/// Field numbers of the messages of a definition.
private enum DefinitionField {
    static let formatVersion = 1
    static let siteID = 2
    static let createdAt = 3
    static let gatewayID = 4
    static let name = 5
    static let timeZone = 6
    static let observationTTL = 7
    static let confidenceThreshold = 8
    static let maxFuture = 9
    static let handover = 10
    static let target = 11
    static let shifts = 12
    static let workers = 13
    static let workstations = 14
    static let hidesNames = 15

    enum Shift {
        static let name = 1
        static let start = 2
        static let end = 3
        static let days = 4
    }

    enum Worker {
        static let workerID = 1
        static let name = 2
        static let location = 3
        static let activeSince = 4
    }

    enum Workstation {
        static let workstationID = 1
        static let name = 2
        static let location = 3
        static let line = 4
        static let capacity = 5
    }
}

extension RecordCodec {
    static func encodeContent(of record: DefinitionRecord, into bytes: inout [UInt8]) {
        let site = record.definition
        bytes.appendField(DefinitionField.formatVersion, varint: formatVersion)
        bytes.appendField(DefinitionField.siteID, bytes: site.siteID.bytes)
        bytes.appendField(DefinitionField.createdAt, int64: record.createdAt.microseconds)
        bytes.appendField(DefinitionField.gatewayID, bytes: record.gatewayID)
        bytes.appendField(DefinitionField.name, bytes: site.name.utf8)
        bytes.appendField(DefinitionField.timeZone, bytes: site.timeZone.utf8)
        bytes.appendField(DefinitionField.observationTTL, int64: site.observationTTLSeconds)
        bytes.appendField(
            DefinitionField.confidenceThreshold, varint: UInt64(site.confidenceThreshold.partsPerMillion))
        bytes.appendField(DefinitionField.maxFuture, int64: site.maxFutureSeconds)
        bytes.appendField(DefinitionField.handover, int64: site.handoverMinutes)
        if let target = site.targetMicrounitsPerHour {
            bytes.appendTag(DefinitionField.target, wireType: 0)
            bytes.appendVarint(UInt64(bitPattern: target))
        }
        for shift in site.shifts { encode(shift, into: &bytes) }
        for worker in site.workers { encode(worker, into: &bytes) }
        for workstation in site.workstations { encode(workstation, into: &bytes) }
        bytes.appendField(DefinitionField.hidesNames, varint: site.showsNamesOnBoards ? 0 : 1)
    }

    private static func encode(_ shift: SiteDefinition.Shift, into bytes: inout [UInt8]) {
        let message = bytes.openMessage(DefinitionField.shifts)
        bytes.appendField(DefinitionField.Shift.name, bytes: shift.name.utf8)
        bytes.appendField(DefinitionField.Shift.start, int64: Int64(shift.startMinute))
        bytes.appendField(DefinitionField.Shift.end, int64: Int64(shift.endMinute))
        bytes.appendField(DefinitionField.Shift.days, varint: UInt64(shift.days))
        bytes.closeMessage(message)
    }

    private static func encode(_ worker: SiteDefinition.Worker, into bytes: inout [UInt8]) {
        let message = bytes.openMessage(DefinitionField.workers)
        bytes.appendField(DefinitionField.Worker.workerID, bytes: worker.workerID.bytes)
        bytes.appendOptionalField(DefinitionField.Worker.name, text: worker.name)
        bytes.appendOptionalField(DefinitionField.Worker.location, text: worker.location)
        bytes.appendOptionalField(DefinitionField.Worker.activeSince, text: worker.activeSince)
        bytes.closeMessage(message)
    }

    private static func encode(_ workstation: SiteDefinition.Workstation, into bytes: inout [UInt8]) {
        let message = bytes.openMessage(DefinitionField.workstations)
        bytes.appendField(DefinitionField.Workstation.workstationID, bytes: workstation.workstationID.bytes)
        bytes.appendOptionalField(DefinitionField.Workstation.name, text: workstation.name)
        bytes.appendOptionalField(DefinitionField.Workstation.location, text: workstation.location)
        bytes.appendOptionalField(DefinitionField.Workstation.line, text: workstation.line)
        bytes.appendField(DefinitionField.Workstation.capacity, int64: workstation.capacity)
        bytes.closeMessage(message)
    }
}

extension RecordCodec {
    static func decodeDefinition(_ content: WireReader) throws(CodecError) -> DefinitionRecord {
        var reader = content
        var seen = SeenFields()
        var version: UInt64 = 0
        var record = DefinitionRecord(definition: .empty, createdAt: Timestamp(microseconds: 0))
        while let field = try reader.field() {
            guard field.number <= DefinitionField.hidesNames else {
                try reader.skip(field)
                continue
            }
            guard field.number < DefinitionField.shifts || field.number > DefinitionField.workstations else {
                try takeEntry(field, from: &reader, into: &record.definition)
                continue
            }
            try seen.insert(field)
            switch field.number {
            case DefinitionField.formatVersion: version = try reader.varint(of: field)
            case DefinitionField.createdAt:
                let bits = try reader.integer(of: field, maximum: Timestamp.latestBits)
                record.createdAt = Timestamp(microseconds: Int64(bits))
            case DefinitionField.gatewayID: record.gatewayID = reader.copy(try reader.bytes(of: field))
            default: try takeSiteField(field, from: &reader, into: &record.definition)
            }
        }
        try seen.require(DefinitionField.formatVersion, DefinitionField.siteID, at: content.offset)
        guard version == formatVersion else { throw CodecError(.unknownFormat, at: content.offset) }
        return record
    }

    private static func takeSiteField(
        _ field: WireField, from reader: inout WireReader, into site: inout SiteDefinition
    ) throws(CodecError) {
        switch field.number {
        case DefinitionField.siteID:
            let bytes = reader.copy(try reader.bytes(of: field))
            guard IdentifierRules.isSiteID(bytes.span) else { throw CodecError(.invalidIdentifier, at: field.offset) }
            site.siteID = SiteID(bytes: bytes)
        case DefinitionField.name: site.name = try reader.text(of: field)
        case DefinitionField.timeZone: site.timeZone = try reader.text(of: field)
        case DefinitionField.observationTTL:
            let maximum = UInt64(Limits.ttlSecondsMaximum)
            site.observationTTLSeconds = Int64(try reader.integer(of: field, maximum: maximum))
        case DefinitionField.confidenceThreshold:
            let ppm = try reader.integer(of: field, maximum: UInt64(Confidence.one.partsPerMillion))
            site.confidenceThreshold = Confidence(partsPerMillion: UInt32(ppm))
        case DefinitionField.maxFuture:
            site.maxFutureSeconds = Int64(try reader.integer(of: field, maximum: UInt64(Limits.durationSecondsMaximum)))
        case DefinitionField.handover:
            let maximum = UInt64(Limits.durationSecondsMaximum / 60)
            site.handoverMinutes = Int64(try reader.integer(of: field, maximum: maximum))
        case DefinitionField.hidesNames:
            site.showsNamesOnBoards = try reader.integer(of: field, maximum: 1) == 0
        default:
            let maximum = UInt64(Limits.targetMicrounitsMaximum)
            site.targetMicrounitsPerHour = Int64(try reader.integer(of: field, maximum: maximum))
        }
    }

    private static func takeEntry(
        _ field: WireField, from reader: inout WireReader, into site: inout SiteDefinition
    ) throws(CodecError) {
        let entry = reader.reader(of: try reader.bytes(of: field))
        switch field.number {
        case DefinitionField.shifts: site.shifts.append(try decodeShift(entry))
        case DefinitionField.workers: site.workers.append(try decodeWorker(entry))
        default: site.workstations.append(try decodeWorkstation(entry))
        }
        let most = max(site.shifts.count, site.workers.count, site.workstations.count)
        guard most <= Limits.definitionEntriesMaximum else { throw CodecError(.tooMany, at: field.offset) }
    }

    private static func decodeShift(_ content: WireReader) throws(CodecError) -> SiteDefinition.Shift {
        var reader = content
        var seen = SeenFields()
        var shift = SiteDefinition.Shift(name: "", startMinute: 0, endMinute: 0, days: 0)
        while let field = try reader.field() {
            guard field.number <= DefinitionField.Shift.days else {
                try reader.skip(field)
                continue
            }
            try seen.insert(field)
            switch field.number {
            case DefinitionField.Shift.name: shift.name = try reader.text(of: field)
            case DefinitionField.Shift.start: shift.startMinute = Int(try reader.integer(of: field, maximum: 1439))
            case DefinitionField.Shift.end: shift.endMinute = Int(try reader.integer(of: field, maximum: 1439))
            default: shift.days = UInt8(try reader.integer(of: field, maximum: 0x7f))
            }
        }
        return shift
    }

    private static func decodeWorker(_ content: WireReader) throws(CodecError) -> SiteDefinition.Worker {
        var reader = content
        var seen = SeenFields()
        var worker = SiteDefinition.Worker(workerID: "")
        while let field = try reader.field() {
            guard field.number <= DefinitionField.Worker.activeSince else {
                try reader.skip(field)
                continue
            }
            try seen.insert(field)
            switch field.number {
            case DefinitionField.Worker.workerID: worker.workerID = try reader.identifier(of: field)
            case DefinitionField.Worker.name: worker.name = try reader.text(of: field)
            case DefinitionField.Worker.location: worker.location = try reader.text(of: field)
            default: worker.activeSince = try reader.text(of: field)
            }
        }
        try seen.require(DefinitionField.Worker.workerID, at: content.offset)
        return worker
    }

    private static func decodeWorkstation(_ content: WireReader) throws(CodecError) -> SiteDefinition.Workstation {
        var reader = content
        var seen = SeenFields()
        var workstation = SiteDefinition.Workstation(workstationID: "", capacity: 0)
        while let field = try reader.field() {
            guard field.number <= DefinitionField.Workstation.capacity else {
                try reader.skip(field)
                continue
            }
            try seen.insert(field)
            switch field.number {
            case DefinitionField.Workstation.workstationID:
                workstation.workstationID = try reader.identifier(of: field)
            case DefinitionField.Workstation.name: workstation.name = try reader.text(of: field)
            case DefinitionField.Workstation.location: workstation.location = try reader.text(of: field)
            case DefinitionField.Workstation.line: workstation.line = try reader.text(of: field)
            default:
                let maximum = UInt64(Limits.capacityMaximum)
                workstation.capacity = Int64(try reader.integer(of: field, maximum: maximum))
            }
        }
        try seen.require(DefinitionField.Workstation.workstationID, at: content.offset)
        return workstation
    }
}

extension WireReader {
    fileprivate mutating func text(of field: WireField) throws(CodecError) -> String {
        try text(try bytes(of: field))
    }

    fileprivate mutating func identifier<Kind>(of field: WireField) throws(CodecError) -> Identifier<Kind> {
        let bytes = copy(try bytes(of: field))
        guard IdentifierRules.isIdentifier(bytes.span) else { throw CodecError(.invalidIdentifier, at: field.offset) }
        return Identifier(bytes: bytes)
    }
}

extension SiteDefinition {
    /// The value of a message without any fields.
    fileprivate static var empty: SiteDefinition {
        var site = SiteDefinition(siteID: "", name: "", timeZone: "")
        site.observationTTLSeconds = 0
        site.confidenceThreshold = Confidence(partsPerMillion: 0)
        site.maxFutureSeconds = 0
        site.handoverMinutes = 0
        return site
    }
}
