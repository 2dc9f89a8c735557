/// What each figure is computed from, by its member: one line beside the list that defines it, for the legend below a
/// table and for the reference. A test compares the names with those lists.
enum FigureMeanings {
    /// SPEC 5.2.
    static let worker = [
        "working_us": "time in the state working, in µs",
        "idle_us": "time in the state idle, in µs",
        "absent_us": "time in the state absent, in µs",
        "unknown_us": "time that no event covers, in µs: elapsed − working − idle − absent",
        "elapsed_us": "length of the window up to now, in µs; with within, of its shifts alone",
        "total_active_time_hours": "working, in hours",
        "total_idle_time_hours": "idle, in hours",
        "total_absent_time_hours": "absent, in hours",
        "utilization_percentage": "working / elapsed; null where nothing was observed",
        "presence_utilization_percentage": "working / (working + idle), the worker efficiency of ISO 22400",
        "availability_percentage": "1 − absent / elapsed; null where nothing was observed",
        "coverage_percentage": "1 − unknown / elapsed: how much anybody knows",
        "total_units_produced": "sum of the counts of product_count events",
        "units_per_hour": "units / working hours",
        "last_seen": "newest event before the end of the window, also from before its begin",
        "current_state": "state just before the end of the window; unknown where none holds",
        "current_workstation_id": "workstation of that state",
    ]

    /// SPEC 5.3.
    static let workstation = [
        "capacity": "how many people have room, from the site's definition",
        "present_us": "time of all workers in the states working and idle here, in µs: two for an hour are two hours",
        "working_us": "time of all workers in the state working here, in µs",
        "elapsed_us": "length of the window up to now, in µs; with within, of its shifts alone",
        "occupancy_time_hours": "present, in hours",
        "occupancy_percentage": "present / elapsed; over 100 where several people share the station",
        "capacity_occupancy_percentage": "present / (capacity × elapsed)",
        "utilization_percentage": "working / present",
        "total_units_produced": "units counted here",
        "throughput_rate": "units / present hours",
        "current_workers": "people working or idle here just before the end of the window",
        "last_activity": "newest event here before the end of the window, also from before its begin",
    ]

    /// SPEC 5.4.
    static let factory = [
        "total_productive_time_hours": "working of all workers, in hours",
        "working_us": "working of all workers, in µs",
        "elapsed_us": "length of the window up to now, in µs; with within, of its shifts alone",
        "total_production_count": "units of all workers",
        "average_utilization_percentage": "working / (active workers × elapsed)",
        "average_production_rate": "units / elapsed hours",
        "active_workers": "workers with working + idle + absent > 0",
        "active_workstations": "workstations with present > 0",
        "target_units": "target_units_per_hour × hours inside shifts; without shifts, all hours",
        "target_variance_percentage": "(units − target) / target",
        "coverage_percentage": "(working + idle + absent) / (active workers × elapsed)",
        "time_range_start": "begin of the window",
        "time_range_end": "end of the window, or now where that is earlier",
    ]

    /// SPEC 5.11, beside those of the factory.
    static let sites = [
        "newest_event_time": "newest accepted or low-confidence event of the site",
        "freshness_seconds": "seconds since the newest event was received",
        "alerts": "alerts about the AI model that are open and current",
    ]

    /// SPEC 6.2.
    static let modelHealth = [
        "status":
            "Critical below an average of 0.75, Warning up to 0.85, Healthy above; Unknown without samples",
        "avg_confidence": "sum of confidence / samples",
        "samples": "accepted and low-confidence events",
        "message": "the status in a sentence",
        "below_threshold_count": "samples below the site's confidence_threshold when they came",
        "histogram": "samples in 20 bins of 0.05",
    ]

    /// SPEC 5.6.
    static let handover = [
        "at": "when the shifts start",
        "started": "shifts that start then",
        "ended": "shifts that end then",
        "units": "units in the handover_minutes after it",
        "baseline_units": "units in the hour before it and the hour after those minutes",
        "units_rate": "units / hours of those minutes",
        "baseline_rate": "baseline units / baseline hours",
        "dip_percentage": "1 − rate / baseline rate; below 0 where more was made than usual",
        "utilization_percentage": "working / (active workers × elapsed) of those minutes",
        "baseline_utilization_percentage": "the same of the baseline",
    ]

    /// SPEC 6.3.
    static let healthTrend = [
        "start": "begin of a UTC hour that has samples",
        "samples": "accepted and low-confidence events of the hour",
        "avg_confidence": "sum of confidence / samples",
        "trailing_avg_confidence": "the same of the 7 days up to the end of the hour",
    ]

    /// SPEC 6.4.
    static let alert = [
        "kind":
            "low_average: at least 30 samples, on average below 0.75; sudden_drop: 30 in the hour before, too, and the "
            + "average below 0.9 of that hour's",
        "scope": "site, camera:ID, or workstation:ID for samples that name no camera",
        "hour": "begin of the UTC hour",
        "average": "sum of confidence / samples of the hour",
        "reference": "what it is compared with: 0.75, or the average of the hour before",
        "samples": "accepted and low-confidence events of the hour",
        "severity": "critical where the average is below 0.75, else warning",
        "message": "the alert in a sentence",
        "current": "whether no later hour of the scope has 30 samples",
    ]

    /// SPEC 6.6.
    static let drift = [
        "avg_confidence": "sum of confidence / samples of the window",
        "samples": "samples of the window",
        "baseline_avg_confidence": "the same of the baseline",
        "baseline_samples": "samples of the baseline",
        "psi": "population stability index over 20 bins of confidence",
        "drift": "stable below 0.1, moderate below 0.25, significant above; unknown under 100 samples on either side",
    ]

    /// SPEC 7.4.
    static let ledger = [
        "received": "events in the log: folded + duplicates + low confidence + quarantined",
        "folded": "events that count",
        "duplicates": "repeats of events, which change nothing",
        "low_confidence": "events below the threshold: they feed model health alone",
        "quarantined": "events of unknown workers or workstations, or of the future: they feed no figure",
        "definitions": "definitions of the site in the log",
        "rejected": "events refused and not stored, by verdict, since this gateway started",
    ]
}
