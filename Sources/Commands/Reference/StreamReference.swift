internal import Query

extension ReferencePage {
    /// What a live stream is asked, and what it says (SPEC 7.5).
    static let stream = ReferencePage(
        title: "Live stream",
        text: """
            GET /api/stream answers with server-sent events: first the whole answer to the question behind each topic, then \
            what changes in it. from, to, period and within are those of the questions; known_at is none of them.
            """,
        sections: [
            Section(
                title: "Parameters beside those of the questions", text: "",
                header: ["parameter", "default", "meaning and values"],
                rows: [
                    ["topics", "all", "with commas between: " + listed(LiveStreamService.topics, last: "and")],
                    [
                        "interval_ms", "\(LiveStreamService.intervalDefault)",
                        "milliseconds between two changes of one topic: \(grouped(LiveStreamService.intervals.lowerBound)) to "
                            + grouped(LiveStreamService.intervals.upperBound),
                    ],
                ]),
            Section(
                title: "Events", text: "An id is the positions told so far, PARTITION:OFFSET.",
                header: ["event", "kind", "data"],
                rows: [
                    ["TOPIC", "snapshot", "the members of the whole answer, meta too; replaces all that was before"],
                    ["factory", "change", "the members of the whole answer again"],
                    [
                        "workers, workstations, alerts, shifts", "change",
                        "items: those that changed, whole; removed: the ids of those that left the list",
                    ],
                    [
                        "events", "change",
                        "items: new events, at most \(LiveStreamService.eventsMaximum); skipped: how many more there were",
                    ],
                    [
                        "away", "-",
                        "partition, detail: nobody answers at the moment, so the figures stand still; snapshots come next",
                    ],
                    ["problem", "-", "why the question cannot be answered any more; the stream ends"],
                    [
                        ": comment", "-",
                        "every \(LiveStreamService.commentSeconds) seconds, so that both sides know that the other is there",
                    ],
                    ["retry", "-", "how many milliseconds a client waits before it connects again"],
                ],
                example: """
                    id: 0:1842
                    event: factory
                    data: {"kind":"snapshot","total_production_count":412,…,"meta":{…}}
                    """),
        ])
}
