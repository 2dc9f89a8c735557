internal import Foundation
internal import JSON

/// `andon site apply FILE` (SPEC 3)
enum SiteApplyCommand {
    private static let site = Option.text("site", "SITE", "the site, where the file does not name one")

    static let command = Command(
        path: ["site", "apply"],
        summary: "says who and what a site is: its workers, workstations and rules",
        discussion: """
            The file is JSON, comments allowed: {"site": {"site_id", "name", "time_zone", …}, "workers": […],
            "workstations": […]}. It replaces the site's definition as a whole. An admin's key is needed.
            """,
        examples: [
            .init("andon site apply site.json --key-file admin.key", "tell the server on this machine"),
            .init("andon site apply site.json --url https://andon.example --key-file admin.key", "tell another one"),
        ],
        positionals: [.init(name: "FILE", help: "the definition")],
        options: [site.spec] + ServerAccess.options,
        run: { invocation in try run(invocation, APIClient.live(try ServerAccess(invocation))) })

    static func run(_ invocation: Invocation, _ client: APIClient) throws -> ExitCode {
        let definition = try DefinitionFile(path: invocation.positionals[0])
        guard let name = try invocation.optional(site) ?? definition.siteID else {
            throw CommandFailure(
                .badData, "'\(invocation.positionals[0])' names no site", why: "site.site_id is missing",
                next: "add it, or name the site with --site")
        }
        let body = try client.fetch(
            APIRequest(
                method: "PUT", target: "/api/sites/\(APIRequest.encoded(name))",
                headers: [("Content-Type", "application/json")], body: definition.json))
        let answer = JSONValue(body)
        let version = answer?["definition"]?.text ?? answer?["version"]?.text ?? answer?["meta"]?["definition"]?.text
        invocation.console.note(
            "site \(printable(name)): definition \(version ?? "applied"), \(grouped(definition.workerCount)) workers, "
                + "\(grouped(definition.workstationCount)) workstations")
        return .success
    }
}

/// A definition as people write it, and as a server reads it.
struct DefinitionFile {
    /// Plain JSON: the file unchanged, or without the parts that only people need.
    let json: [UInt8]
    let siteID: String?
    let timeZone: String?
    let workerCount: Int
    let workstationCount: Int

    init(path: String) throws(CommandFailure) {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandFailure(.badData, "cannot read '\(path)'", next: "check the path")
        }
        guard let value = JSONValue(relaxed: data), case .object = value else {
            throw CommandFailure(
                .badData, "'\(path)' is not a site definition", why: "it is not one JSON object",
                next: "andon site apply --help shows what it looks like")
        }
        json = JSONValue(data) != nil ? [UInt8](data) : Array(JSONWriter.text { $0.value(value) }.utf8)
        siteID = value["site"]?["site_id"]?.text
        timeZone = value["site"]?["time_zone"]?.text
        workerCount = value["workers"]?.items.count ?? 0
        workstationCount = value["workstations"]?.items.count ?? 0
    }
}
