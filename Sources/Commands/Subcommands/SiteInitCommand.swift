internal import Files
internal import Foundation

/// `andon site init [FILE]` (SPEC 3)
enum SiteInitCommand {
    static let command = Command(
        path: ["site", "init"],
        summary: "writes an example of a site's definition, with comments",
        discussion: """
            The example can be applied as it is. Without FILE it goes to stdout; a file that is there already is left
            alone.
            """,
        examples: [
            .init("andon site init site.json", "a file to fill in, for andon site apply"),
            .init("andon site init", "read it here"),
        ],
        positionals: [.init(name: "FILE", help: "the file to make", isOptional: true)],
        options: [],
        run: { invocation in
            guard let path = invocation.positionals.first else {
                try invocation.console.writeOutput(Array(example.utf8))
                return .success
            }
            do throws(FileFailure) {
                try WholeFile.create(path, with: Array(example.utf8), mode: 0o644)
            } catch {
                throw CommandFailure(
                    .failure, "cannot write '\(printable(path))'", why: error.reason,
                    next: "name a file that is not there yet, in a folder that can be written")
            }
            invocation.console.note("wrote \(printable(path)); fill it in, then: andon site apply \(printable(path))")
            return .success
        })

    /// Every member, with its default where there is one.
    static let example = """
        // The definition of a site, for: andon site apply FILE
        // JSON, with comments and commas at the end of lists. What is marked "default" can be left out.
        // It replaces the site's definition as a whole: whoever is not named here any more is dropped.
        {
          "site": {
            // 1 to 64 of the characters A-Z a-z 0-9 . _ -; what cameras send as site_id.
            "site_id": "plant-1",
            // For people; default: the site_id.
            "name": "Plant 1",
            // A name of the tz database; default: UTC. Days and shifts follow it, also into summer time.
            "time_zone": "Europe/Berlin",
            // How long an observation holds when no other follows; default: 28800 (8 hours), 0: 366 days.
            "observation_ttl_seconds": 28800,
            // Events below it count for the health of the model only; default: 0.7.
            "confidence_threshold": 0.7,
            // Events further ahead of the server's clock than this are quarantined; default: 300.
            "max_future_seconds": 300,
            // In local time; one that ends at or before its start ends on the next day. Without "days": every day.
            "shifts": [
              { "name": "early", "start": "06:00", "end": "14:00", "days": ["mon", "tue", "wed", "thu", "fri"] },
              { "name": "late", "start": "14:00", "end": "22:00", "days": ["mon", "tue", "wed", "thu", "fri"] },
            ],
            // Minutes after a shift's start that count as handover; default: 15.
            "handover_minutes": 15,
            // Units that the plant should make in an hour of a shift; default: no target.
            "target_units_per_hour": 120,
          },

          // Who may appear in events. Only worker_id is required; the rest is shown and used by no figure.
          "workers": [
            { "worker_id": "W1", "name": "Ada", "location": "Hall 1", "active_since": "2026-01-12" },
            { "worker_id": "W2", "name": "Grace" },
          ],

          // Where they work. Only workstation_id is required; capacity is the number of people it is made for, default: 1.
          "workstations": [
            { "workstation_id": "S1", "name": "Lathe", "location": "Hall 1", "line": "L1", "capacity": 1 },
            { "workstation_id": "S2", "name": "Press", "capacity": 2 },
          ],
        }

        """
}
