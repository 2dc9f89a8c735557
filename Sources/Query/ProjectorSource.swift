public import EventModel
public import Projector
internal import Timeline

extension Projector: QuerySource {
    public func standing() -> FoldProgress { progress }

    public func reading(of site: SiteID) throws -> SiteReading? {
        guard let snapshot = try snapshot(of: site) else { return nil }
        return SiteReading(
            site: snapshot.site, source: snapshot.source, standing: snapshot.progress, close: snapshot.close)
    }
}
