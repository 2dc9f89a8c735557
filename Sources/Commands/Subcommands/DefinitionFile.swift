internal import Files
internal import Foundation
internal import JSON

/// A definition as people write it, and as a server reads it.
struct DefinitionFile {
    /// Plain JSON: the file unchanged, or without the parts that only people need.
    let json: [UInt8]
    let siteID: String?
    let timeZone: String?

    /// - Throws: 65 if the file cannot be read or is not JSON, comments allowed; with line and column.
    init(path: String) throws(CommandFailure) {
        let data: Data
        do throws(FileFailure) {
            data = Data(try WholeFile.read(path))
        } catch {
            throw CommandFailure(
                .badData, "cannot read '\(printable(path))'", why: error.reason, next: "check the path")
        }
        let value: JSONValue
        do throws(JSONFault) {
            value = try JSONValue(reading: data, .relaxed)
        } catch {
            throw CommandFailure(
                .badData, "'\(printable(path))' is not JSON", why: "\(error)",
                next: "correct it there; andon site init prints an example")
        }
        guard case .object = value else {
            throw CommandFailure(
                .badData, "'\(printable(path))' is not a site definition", why: "it is not one JSON object",
                next: "andon site init prints an example")
        }
        json = JSONValue(data) != nil ? [UInt8](data) : Array(JSONWriter.text { $0.value(value) }.utf8)
        siteID = value["site"]?["site_id"]?.text
        timeZone = value["site"]?["time_zone"]?.text
    }
}
