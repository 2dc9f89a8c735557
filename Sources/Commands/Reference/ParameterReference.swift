extension ReferencePage {
    /// Parameters of questions, and the flags that send them (SPEC 5.1, 8.3, 8.5).
    static let parameters = ReferencePage(
        title: "Parameters",
        text: """
            Parameters of GET requests, and the flags of andon query and andon quarantine that send them. A time is RFC 3339 \
            (2026-01-12T06:00:00Z), or a date or time of the site's clocks without an offset (2026-01-12, \
            2026-01-12T06:00). An unknown parameter is an error (400).
            """,
        sections: [
            Section(
                title: "What they mean", text: "", header: ["parameter", "flag", "meaning"],
                rows: [
                    ["site_id", "--site", "the site; optional for a key that is bound to one"],
                    ["from", "--from", "begin of the window in event time; default: the site's day so far"],
                    ["to", "--to", "end of the window, itself outside"],
                    [
                        "known_at", "--known-at",
                        "answer with what was known then: events and definitions received by it",
                    ],
                    [
                        "period", "--period",
                        "in place of from and to: "
                            + listed(QueryFlags.Period.allCases.map(\.rawValue), last: "or"),
                    ],
                    ["within", "--within", "all, or only the time inside shifts, or inside shift:NAME"],
                    ["worker_id", "--worker", "only this worker; may be repeated where a list is asked for"],
                    [
                        "workstation_id", "--station",
                        "only this workstation; may be repeated where a list is asked for",
                    ],
                    ["camera_id", "--camera", "only this camera"],
                    ["event_type", "-", "only events of this type"],
                    ["reason", "--reason", "only events that are quarantined for this verdict"],
                    ["created_from", "--created-from", "received at this time or later"],
                    ["created_to", "--created-to", "received before this time"],
                    ["sort", "--sort", "order a list by a member; -MEMBER: largest first; null last"],
                    ["limit", "--limit", "at most so many items"],
                    ["cursor", "--cursor", "where the next page begins: next_cursor of the page before"],
                    [
                        "of", "--of",
                        "trend: factory, worker:ID or workstation:ID; heatmap: workers, workstations or cameras",
                    ],
                    ["bucket", "--bucket", "hour, day, week or month, by the site's clocks; heatmap: hour or day"],
                    ["days", "--days", "length of a health trend: 1 to 92 days"],
                    ["week", "--week", "an ISO week like 2026-W03; default: the last full one"],
                    ["baseline_from", "--baseline-from", "begin of what a drift is measured from"],
                    ["baseline_to", "--baseline-to", "its end; default: as long as the window, and just before it"],
                    ["format", "-", "of a report: json or html; default: what the client accepts"],
                    ["group_by", "--group-by", "camera, workstation or model_version"],
                    ["factory", "-", "true: a history of the factory, in place of worker_id and workstation_id"],
                    ["known_at_a", "--known-at-a", "compare: what was known then, before; default: now"],
                    ["known_at_b", "--known-at-b", "compare: what was known then, after; default: now"],
                    ["differing_only", "--all", "compare: true leaves out workers and workstations that are equal"],
                    ["merge", "--all-intervals", "false: intervals that touch stay apart"],
                    ["topic", "-", "records of this topic"],
                    ["topics", "-", "what a live stream tells of; help STREAM lists them"],
                    ["interval_ms", "-", "how often a live stream tells of changes, at most"],
                    ["after", "-", "records after next_cursor of an earlier answer"],
                    ["dry_run", "--dry-run", "true: say what a definition would change, and store nothing"],
                    ["min_position", "--min-position", "wait up to 5 s until the fold has passed this position"],
                ]),
            Section(
                title: "Where they go", text: "Every path but those of /api/sites takes site_id too.",
                header: ["path", "parameters"],
                rows: [
                    ["/api/metrics/workers", "from to period known_at within worker_id sort limit min_position"],
                    [
                        "/api/metrics/workstations",
                        "from to period known_at within workstation_id sort limit min_position",
                    ],
                    ["/api/metrics/factory", "from to period known_at within min_position"],
                    ["/api/metrics/shifts", "from to period known_at min_position"],
                    ["/api/metrics/handover", "from to period known_at min_position"],
                    ["/api/metrics/trend", "of bucket from to period known_at within min_position"],
                    ["/api/metrics/heatmap", "of bucket from to period known_at within min_position"],
                    ["/api/metrics/model-health", "from to period known_at group_by min_position"],
                    ["/api/metrics/model-health/trend", "days to known_at group_by min_position"],
                    [
                        "/api/metrics/model-health/drift",
                        "from to period known_at baseline_from baseline_to group_by min_position",
                    ],
                    ["/api/metrics/model-health/report", "week known_at format min_position"],
                    ["/api/alerts", "from to period known_at min_position"],
                    ["/api/metric-records", "topic after limit"],
                    ["/api/stream", "topics interval_ms from to period within min_position"],
                    ["/api/explain", "worker_id from to period known_at within merge min_position"],
                    [
                        "/api/history",
                        "worker_id workstation_id factory from to period known_at limit cursor min_position",
                    ],
                    [
                        "/api/compare",
                        "worker_id workstation_id from to period within known_at_a known_at_b differing_only min_position",
                    ],
                    [
                        "/api/events",
                        "worker_id workstation_id event_type from to period known_at created_from created_to limit cursor "
                            + "min_position",
                    ],
                    [
                        "/api/quarantine",
                        "reason worker_id workstation_id camera_id from to created_from created_to limit cursor "
                            + "min_position",
                    ],
                    [
                        "/api/quarantine/stats",
                        "reason worker_id workstation_id camera_id from to created_from created_to min_position",
                    ],
                    ["/api/ledger", "min_position"],
                    ["/api/workers", "known_at min_position"],
                    ["/api/workstations", "known_at min_position"],
                    ["/api/metrics/sites", "from to period known_at within limit cursor"],
                    ["/api/freshness", "none"],
                    ["/api/sites", "none"],
                    ["/api/sites/{site_id}", "min_position; with PUT dry_run"],
                    ["/api/events and /api/events/batch with POST", "site_id alone"],
                ]),
        ])
}
