internal import Figures
internal import HTTPServer

extension AskedTime {
    /// Reads the value of a parameter.
    /// - Throws: ``Problem``, 400.
    init(_ name: String, _ value: String) throws {
        guard let time = AskedTime(value) else { throw Problem.query(name, AskedTime.expectation) }
        self = time
    }
}
