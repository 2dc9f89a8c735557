import EventModel
import Foundation
import Testing

@testable import Figures

/// The names that `tzdata` lists, where it is installed.
private enum TZDatabase {
    static let file = "/usr/share/zoneinfo/tzdata.zi"
    static let isInstalled = FileManager.default.fileExists(atPath: file)

    /// Each name with the one whose rules it follows: itself, or the target of a link.
    static func names() throws -> [(name: String, target: String)] {
        try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ").map(String.init)
            return switch fields.first {
            case "Z": (fields[1], fields[1])
            case "L": (fields[2], fields[1])
            default: nil
            }
        }
    }
}

@Suite("Names of time zones")
struct ZoneNameTests {
    @Test(
        "every name of the tz database is one, and a name that links to another keeps its time (SPEC 3)",
        .enabled(if: TZDatabase.isInstalled, "tzdata is not installed"))
    func database() throws {
        let names = try TZDatabase.names()
        #expect(names.count > 500)
        let days = try ["2026-01-15T12:00:00Z", "2026-07-15T12:00:00Z"].map { text in
            try #require(Timestamp(rfc3339: text))
        }
        func midnights(_ name: String) -> [Timestamp] {
            let zone = SiteZone(identifier: name)
            return days.map { zone.instant(day: zone.localDay(of: $0)) }
        }
        for (name, target) in names {
            #expect(SiteZone.isName(name), "\(name)")
            #expect(midnights(name) == midnights(target), "\(name)")
        }
    }

    @Test(
        "names without an area have their own time, not UTC's (SPEC 3)",
        arguments: [("CET", "Europe/Brussels"), ("EST5EDT", "America/New_York"), ("Japan", "Asia/Tokyo")])
    func withoutArea(name: String, equal: String) throws {
        let noon = try #require(Timestamp(rfc3339: "2026-07-15T12:00:00Z"))
        let (own, other) = (SiteZone(identifier: name), SiteZone(identifier: equal))
        #expect(own.instant(day: 20_649) == other.instant(day: 20_649))
        #expect(own.instant(day: 20_649) != SiteZone(identifier: "UTC").instant(day: 20_649))
        #expect(own.localDay(of: noon) == other.localDay(of: noon))
    }

    @Test(
        "abbreviations, offsets, paths and other spellings are no names, and mean UTC (SPEC 3)",
        arguments: [
            "", "CEST", "PST", "JST", "GMT+2", "UTC+1", "utc", "Z", "Mars/Olympus", "Europe/", "/Europe/Berlin",
            "../etc/passwd", "Europe/../Europe/Berlin", "europe/berlin", "Europe/Berlin ", "posix/Europe/Berlin",
            "localtime", "zone.tab", "Europe\u{2F}Berl\u{131}n",
        ])
    func others(name: String) {
        #expect(!SiteZone.isName(name))
        #expect(SiteZone(identifier: name).instant(day: 20_649) == SiteZone(identifier: "UTC").instant(day: 20_649))
    }
}
