import Foundation
import HTTPClient
import ProcessHarness

/// What a process of a cluster answers about a rebuild (SPEC 8.10).
struct RebuildStatus: Decodable {
    struct Part: Decodable {
        var partition: Int32
        var state: String
        var recordsDone: Int
        var recordsTotal: Int
        var failure: String?
    }
    struct Missing: Decodable {
        var partition: Int32
        var reason: String
    }

    var id: String
    var state: String
    var revision: Int
    var forcedReason: String?
    var partitions: [Part]
    var waiting: [Int32]
    var missing: [Missing]

    /// Whether every partition has a holder, which has done what is wanted, and is in this state.
    func isEverywhere(_ state: String) -> Bool {
        missing.isEmpty && waiting.isEmpty && partitions.count == Int(Plant.partitions)
            && partitions.allSatisfy { $0.state == state }
    }
}

/// The rebuilds of a cluster, through one of its processes.
struct Rebuilds {
    let url: String
    private static let path = "/api/admin/rebuilds"

    /// Sends an act.
    /// - Returns: the HTTP status, and the answer where it is one about a rebuild.
    func post(_ path: String) throws -> (status: Int, rebuild: RebuildStatus?) {
        let answer = try HTTPClient().send(
            "POST", url + Self.path + path, headers: [("Content-Type", "application/json")])
        return (Int(answer.status), Self.decoded(answer.body))
    }

    func status(_ id: String) -> RebuildStatus? {
        guard let answer = try? HTTPClient().send("GET", "\(url)\(Self.path)/\(id)"), answer.status == 200 else {
            return nil
        }
        return Self.decoded(answer.body)
    }

    /// Looks until a rebuild is as wanted.
    /// - Returns: the last status seen, also where this took more than the time given.
    @discardableResult
    func await(_ id: String, seconds: Int = 120, _ isWanted: (RebuildStatus) -> Bool) -> RebuildStatus? {
        let patience = Patience(seconds: seconds)
        var seen: RebuildStatus?
        repeat {
            seen = status(id) ?? seen
            if let seen, isWanted(seen) { return seen }
        } while patience.waitALittle()
        return seen
    }

    private static func decoded(_ body: [UInt8]) -> RebuildStatus? {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try? decoder.decode(RebuildStatus.self, from: Data(body))
    }
}
