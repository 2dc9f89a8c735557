internal import EventModel

extension ReferencePage {
    /// Fields of an event (SPEC 2.1).
    static let events = ReferencePage(
        title: "Events",
        text: """
            An event is a JSON object, sent alone to POST /api/events, or 1 to \(Limits.batchEventsMaximum) of them to \
            POST /api/events/batch. Unknown members are ignored.
            """,
        sections: [
            Section(
                title: "Members of an event", text: "",
                header: ["member", "required", "values"],
                rows: [
                    ["timestamp", "yes", "when it happened: RFC 3339 with Z or an offset, 1970 to 9999"],
                    ["worker_id", "yes", "who: 1 to \(Limits.idBytesMaximum) bytes"],
                    ["workstation_id", "yes", "where: 1 to \(Limits.idBytesMaximum) bytes"],
                    ["event_type", "yes", listed(EventType.allCases.map { "\($0.name)" }, last: "or")],
                    ["confidence", "yes", "of the AI model: a number from 0 to 1"],
                    [
                        "count", "no",
                        "units of a product_count: a whole number from 1 to \(grouped(Limits.countMaximum)), default 1",
                    ],
                    ["camera_id", "no", "which camera: 1 to \(Limits.idBytesMaximum) bytes"],
                    ["model_version", "no", "which AI model: 1 to \(Limits.idBytesMaximum) bytes"],
                    ["site_id", "no", "the site of the request; another one is wrong_site"],
                ],
                example: """
                    {"timestamp":"2026-01-12T08:00:00Z","worker_id":"W1","workstation_id":"S1",
                     "event_type":"working","confidence":0.93}
                    """)
        ])

    /// What admission says of events (SPEC 2.3).
    static let verdicts = ReferencePage(
        title: "Verdicts",
        text: """
            Each event gets the verdict of the first of these rules that it breaks. One bad event never costs the others. \
            What is quarantined feeds no figure; andon quarantine list shows it.
            """,
        sections: [
            Section(
                title: "Verdicts in the order of their rules", text: "", header: ["code", "kept", "broken rule"],
                rows: Verdict.allCases.map { [$0.code, kept($0), rule(of: $0)] })
        ])

    private static func kept(_ verdict: Verdict) -> String {
        switch verdict.mark {
        case nil: "no"
        case .accepted: "yes"
        case .lowConfidence: "for model health"
        default: "in quarantine"
        }
    }

    private static func rule(of verdict: Verdict) -> String {
        switch verdict {
        case .invalidJSON: "the element or the NDJSON line is no JSON object"
        case .missingField: "a required member is missing"
        case .invalidType: "a member has another JSON type, such as a number written as a string"
        case .invalidTimestamp: "no offset, a date or time that does not exist, second 60, outside 1970 to 9999"
        case .invalidEventType: "none of the four types"
        case .invalidConfidence: "outside 0 to 1"
        case .invalidCount: "no whole number of the range for its type"
        case .invalidID:
            "an id that is empty, too long, or has control characters; one camera more than a site may have"
        case .wrongSite: "names another site than the request"
        case .unknownWorker: "the site's definition does not name the worker"
        case .unknownWorkstation: "the site's definition does not name the workstation"
        case .timestampInFuture: "happened later than max_future_seconds after it was received"
        case .lowConfidence: "confidence below the site's confidence_threshold"
        case .duplicate: "repeats an event: same site, timestamp, worker and type"
        case .accepted: "none"
        }
    }

    /// Members of a definition (SPEC 3).
    static let site = ReferencePage(
        title: "Site definition",
        text: """
            andon site apply FILE, or PUT /api/sites/SITE, replaces the definition as a whole: \
            {"site": {…}, "workers": […], "workstations": […]}. Times of day are those of the site.
            """,
        sections: [
            Section(
                title: "Members of site", text: "", header: ["member", "default", "meaning and values"],
                rows: siteRows),
            Section(
                title: "Items of shifts", text: "", header: ["member", "default", "meaning and values"],
                rows: [
                    ["name", "empty", "shown, and named by --within shift:NAME"],
                    ["start", "required", "local time of day, HH:MM"],
                    ["end", "required", "local time of day, HH:MM; on the next day where it is not after start"],
                    ["days", "all", "list of mon tue wed thu fri sat sun, on which the shift starts"],
                ]),
            Section(
                title: "Items of workers", text: "", header: ["member", "default", "meaning and values"],
                rows: [
                    ["worker_id", "required", "1 to \(Limits.idBytesMaximum) bytes, once in the list"],
                    ["name", "the id", "shown; kept in the registry alone, never in the log"],
                    ["location", "none", "shown"],
                    ["active_since", "none", "shown"],
                ]),
            Section(
                title: "Items of workstations", text: "", header: ["member", "default", "meaning and values"],
                rows: [
                    ["workstation_id", "required", "1 to \(Limits.idBytesMaximum) bytes, once in the list"],
                    ["name", "the id", "shown"],
                    ["location", "none", "shown"],
                    ["line", "none", "shown"],
                    ["capacity", "1", "how many people have room, 0 to 1,000,000"],
                ]),
        ])

    private static var siteRows: [[String]] {
        let defaults = SiteDefinition(siteID: "defaults")
        let threshold = Double(defaults.confidenceThreshold.partsPerMillion) / 1_000_000
        return [
            ["site_id", "that of the request", "1 to 64 of A-Z a-z 0-9 . _ -"],
            ["name", "the id", "shown"],
            ["time_zone", defaults.timeZone, "a name of the tz database, such as Europe/Berlin: days and shifts"],
            [
                "observation_ttl_seconds", grouped(defaults.observationTTLSeconds),
                "how long a state holds without another event; 0 means the maximum, "
                    + "\(grouped(Limits.ttlSecondsMaximum)) (366 days)",
            ],
            ["confidence_threshold", "\(threshold)", "0 to 1: events below it feed model health alone"],
            [
                "max_future_seconds", grouped(defaults.maxFutureSeconds),
                "how far a timestamp may lie ahead, 0 to \(grouped(Limits.ttlSecondsMaximum))",
            ],
            ["shifts", "none", "list, see below: for targets, --within and --period shift"],
            [
                "handover_minutes", grouped(defaults.handoverMinutes),
                "length of a handover after a shift starts, 0 to 1440",
            ],
            ["target_units_per_hour", "none", "0 to 1,000,000,000: for target and variance"],
            ["board_names", "true", "true or false: whether the board shows people by name, or by id alone"],
        ]
    }
}
