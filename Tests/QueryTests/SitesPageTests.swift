// Layer: machine. Pages of every site at once.
import EventModel
import Testing

@testable import Query

@Suite("Pages of every site at once (SPEC 5.11, 8.5)", .timeLimit(.minutes(10)))
struct SitesPageTests {
    private func plant(_ count: Int) throws -> SitesPlant {
        let plant = SitesPlant(now: at(12))
        for number in 0..<count { try plant.define(SiteID("plant-\(number)")) }
        return plant
    }

    private func ids(_ answer: Answer) -> [String] { answer.items.compactMap { $0["site_id"]?.text } }

    @Test("pages follow each other by id, each site once, and the last one has no next", arguments: 1...8)
    func pages(limit: Int) throws {
        let plant = try plant(7)
        var (found, cursor, pages): ([String], String?, Int) = ([], nil, 0)
        repeat {
            var query = [(name: "limit", value: "\(limit)"), (name: "period", value: "yesterday")]
            if let cursor { query.append(("cursor", cursor)) }
            let answer = try plant.ask(query)
            #expect(answer.status == 200 && ids(answer).count <= limit)
            found += ids(answer)
            cursor = answer.json["next_cursor"]?.text
            let link = cursor.map {
                "</api/metrics/sites?limit=\(limit)&period=yesterday&cursor=\(NextLink.encode($0))>; rel=\"next\""
            }
            #expect(answer.header("Link") == link)
            pages += 1
        } while cursor != nil && pages < 10
        #expect(found == (0..<7).map { "plant-\($0)" } && pages == (7 + limit - 1) / limit)
    }

    @Test("a page goes on behind its last site, also where that one is gone, and has the missing ones of its own sites")
    func missing() throws {
        let plant = try plant(4)
        plant.register("plant-9")
        let first = try plant.ask([("limit", "2")])
        #expect(first.json["missing"] == .array([]))
        let cursor = try #require(first.json["next_cursor"]?.text)
        plant.forget("plant-1")
        let rest = try plant.ask([("limit", "3"), ("cursor", cursor)])
        #expect(ids(rest) == ["plant-2", "plant-3"] && rest.json["next_cursor"] == nil)
        #expect(rest.json["missing"]?.elements.first?["sites"] == .array([.string("plant-9")]))
    }

    @Test("more sites than a page may have are answered page by page, and a key sees pages of its own")
    func many() throws {
        let plant = SitesPlant(now: at(12))
        for number in 0...SitesService.sitesMaximum { plant.register(SiteID("s\(10_000 + number)")) }
        let first = try plant.ask()
        #expect(first.status == 200 && first.json["missing"]?.elements.first?["sites"]?.elements.count == 5000)
        let cursor = try #require(first.json["next_cursor"]?.text)
        let last = try plant.ask([("cursor", cursor)])
        #expect(last.json["missing"]?.elements.first?["sites"] == .array([.string("s15000")]))
        let bound = try plant.ask([("limit", "1"), ("cursor", cursor)], key: "s10003,s15000")
        #expect(bound.json["missing"]?.elements.first?["sites"] == .array([.string("s15000")]))
    }

    @Test("a limit out of range, and a cursor of another question or made up, are 400")
    func malformed() throws {
        let plant = try plant(3)
        let cursor = try #require(try plant.ask([("limit", "1")]).json["next_cursor"]?.text)
        for (query, parameter) in [
            ([("limit", "0")], "limit"), ([("limit", "5001")], "limit"), ([("limit", "ten")], "limit"),
            ([("cursor", "AAAA")], "cursor"), ([("cursor", "?")], "cursor"), ([("cursor", "")], "cursor"),
            ([("cursor", cursor), ("period", "yesterday")], "cursor"),
        ] as [([(name: String, value: String)], String)] {
            let answer = try plant.ask(query)
            #expect(answer.status == 400 && answer.json["parameter"] == .string(parameter), "\(query)")
        }
    }
}
