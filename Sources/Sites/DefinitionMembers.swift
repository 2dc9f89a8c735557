internal import Observability

/// The members that an object of a definition may have (SPEC 3).
enum DefinitionMembers: CaseIterable {
    case definition, site, shift, worker, workstation

    /// The path of such objects in a definition, for people.
    private var path: String {
        switch self {
        case .definition: "the definition"
        case .site: "\"site\""
        case .shift: "an item of \"shifts\""
        case .worker: "an item of \"workers\""
        case .workstation: "an item of \"workstations\""
        }
    }

    private var names: [String] {
        switch self {
        case .definition: ["site", "workers", "workstations"]
        case .site:
            [
                "site_id", "name", "time_zone", "observation_ttl_seconds", "confidence_threshold", "max_future_seconds",
                "shifts", "handover_minutes", "target_units_per_hour", "board_names",
            ]
        case .shift: ["name", "start", "end", "days"]
        case .worker: ["worker_id", "name", "location", "active_since"]
        case .workstation: ["workstation_id", "name", "location", "line", "capacity"]
        }
    }

    /// What answers add to a definition: it may stay when an answer is put back, and means nothing there.
    private static let ofAnswers: Set<String> = [
        "version", "created_at", "position", "change", "counts", "dropped", "site_changes", "dry_run", "meta",
    ]

    func has(_ name: String) -> Bool {
        names.contains(name) || self == .definition && Self.ofAnswers.contains(name)
    }

    /// What is wrong with a member of this name, and what may have been meant.
    func complaint(about name: String) -> String {
        if let guess = Suggestion.nearest(to: name, among: names) {
            return "unknown member; did you mean \"\(guess)\"?"
        }
        if let other = Self.allCases.first(where: { $0.names.contains(name) }) {
            return "unknown member; it belongs to \(other.path)"
        }
        return "unknown member; known are \(names.joined(separator: ", "))"
    }

    /// A name as a part of a JSON Pointer (RFC 6901).
    static func pointerToken(_ name: String) -> String {
        name.replacing("~", with: "~0").replacing("/", with: "~1")
    }
}
