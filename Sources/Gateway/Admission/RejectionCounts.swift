internal import EventModel

/// How many events of each site were refused and not stored since the start, by verdict (SPEC 7.4).
struct RejectionCounts: Sendable {
    /// Limit on sites, each of which takes about 200 bytes; further ones are not counted.
    static let sitesMaximum = 10_000

    private var sites: [SiteID: [Int]] = [:]

    /// Counts the events of an answered request. Those that the log keeps with a mark are counted by the fold.
    mutating func add(_ rejections: [Rejection], of site: SiteID) {
        guard let verdicts = Self.refused(rejections), sites[site] != nil || sites.count < Self.sitesMaximum else {
            return
        }
        for verdict in verdicts {
            sites[site, default: [Int](repeating: 0, count: Verdict.allCases.count)][Int(verdict.rawValue)] += 1
        }
    }

    /// Counts above zero, in the order of SPEC 2.3.
    func counts(of site: SiteID) -> [(verdict: Verdict, count: Int)] {
        guard let counts = sites[site] else { return [] }
        return Verdict.allCases.compactMap { verdict in
            let count = counts[Int(verdict.rawValue)]
            return count > 0 ? (verdict, count) : nil
        }
    }

    /// nil if there are none.
    private static func refused(_ rejections: [Rejection]) -> [Verdict]? {
        let verdicts = rejections.lazy.map(\.verdict).filter { $0.mark == nil }
        return verdicts.isEmpty ? nil : Array(verdicts)
    }
}
