internal import Crypto
internal import EventLog
internal import EventModel
internal import JSON

/// The value of a record in `andon.registry.v1`; the record's key is the site's id.
///
/// What `PUT /api/sites/{site_id}` takes, with all defaults, plus the version, the time since when it is in force, and
/// the revision: the definition's log and its position there. Optional fields without a value are left out. A record
/// without a value means that the site's names were erased.
///
///     {"site":{"site_id":"plant-1","name":"Plant 1","time_zone":"Europe/Berlin","observation_ttl_seconds":28800,
///              "confidence_threshold":0.700000,"max_future_seconds":300,
///              "shifts":[{"name":"early","start":"06:00","end":"14:00","days":["mon","tue","wed","thu","fri"]}],
///              "handover_minutes":15,"target_units_per_hour":120.000000},
///      "workers":[{"worker_id":"W1","name":"Ada","location":"Hall 1","active_since":"2020-01-01"}],
///      "workstations":[{"workstation_id":"S1","name":"Lathe","location":"Hall 1","line":"L1","capacity":1}],
///      "former":{"workers":[{"worker_id":"W0","name":"Grace"}],"workstations":[]},
///      "version":3,"created_at":"2026-01-12T08:00:00.000000Z",
///      "revision":{"epoch":"00112233445566778899aabbccddeeff","partition":7,"offset":41}}
///
/// `former` has the last known names of those that earlier definitions had; it is left out where there is none. `epoch`
/// is the log's identity in hexadecimal. Readers keep the highest offset of an epoch and, for one offset, the
/// newest record.
struct RegistryRecord: Equatable {
    var epoch: LogEpoch
    var placed: PlacedDefinition

    init(epoch: LogEpoch, placed: PlacedDefinition) {
        self.epoch = epoch
        self.placed = placed
    }

    /// nil if the bytes are not a valid record of this site.
    init?(_ bytes: [UInt8], site: SiteID) {
        guard site.isValid, let value = JSONValue(bytes, depthMaximum: Limits.jsonDepthMaximum),
            case .object(let members) = value, let version = members.integer("version"), version > 0,
            case .string(let created)? = members["created_at"], let createdAt = Timestamp(rfc3339: created),
            case .object(let revision)? = members["revision"], case .string(let epoch)? = revision["epoch"],
            let epochBytes = Hex.decode(epoch), let partition = revision.integer("partition"),
            let partition = Int32(exactly: partition), let offset = revision.integer("offset"), offset >= 0
        else { return nil }
        guard let stored = try? StoredDefinition(value, site: site) else { return nil }
        self.epoch = LogEpoch(bytes: epochBytes)
        placed = PlacedDefinition(
            definition: stored.definition, version: UInt64(version), createdAt: createdAt,
            position: RecordPosition(partition: PartitionIndex(partition), offset: LogOffset(offset)),
            former: stored.former)
    }

    var json: [UInt8] {
        let definition = placed.definition
        var json = JSONWriter(reservedBytes: 512 + 100 * (definition.workers.count + definition.workstations.count))
        json.object { json in
            StoredDefinition(placed).write(to: &json)
            json.member("version", Int64(clamping: placed.version))
            json.member("created_at", placed.createdAt.formatted)
            json.key("revision")
            json.object { json in
                json.member("epoch", epoch.description)
                json.member("partition", Int(placed.position.partition.value))
                json.member("offset", placed.position.offset.value)
            }
        }
        return json.bytes
    }
}

extension [String: JSONValue] {
    /// A member that is an integer; nil for anything else.
    func integer(_ name: String) -> Int64? {
        if case .number(let text)? = self[name] { Int64(text) } else { nil }
    }
}
