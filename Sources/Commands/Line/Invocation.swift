/// One invocation of a command; every value is checked before the command runs.
struct Invocation: Sendable {
    let command: Command
    let positionals: [String]
    let settings: Settings
    let environment: [String: String]
    let console: Console

    /// Every value of a repeatable option, in the order given; the default if there is none.
    func values<Value>(_ option: Option<Value>) throws(CommandFailure) -> [Value] {
        var values: [Value] = []
        for text in settings.texts(option.spec) {
            do throws(InvalidValue) {
                values.append(try option.parse(text))
            } catch {
                throw invalid(option.spec, text, error)
            }
        }
        return values
    }

    /// The value of an option, or its default; nil if it has neither.
    func optional<Value>(_ option: Option<Value>) throws(CommandFailure) -> Value? { try values(option).last }

    /// The value of an option, or its default.
    /// - Throws: a usage error if it has neither.
    func value<Value>(_ option: Option<Value>) throws(CommandFailure) -> Value {
        if let value = try optional(option) { return value }
        throw CommandFailure(
            .usage, "--\(option.spec.name) is missing", why: option.spec.help, next: "andon \(command.name) --help")
    }

    /// Whether a flag is set.
    func isSet(_ flag: Option<Bool>) throws(CommandFailure) -> Bool { try optional(flag) ?? false }

    private func invalid(_ spec: OptionSpec, _ text: String, _ error: InvalidValue) -> CommandFailure {
        CommandFailure(
            .usage, "\(settings.origin(spec)) cannot be '\(printable(text))'", why: "it takes \(error.expected)",
            next: "andon \(command.name) --help")
    }

    /// Checks every value given, so that no command fails half-way because of a typing error.
    func checkValues() throws(CommandFailure) {
        for spec in command.allOptions {
            for text in settings.texts(spec) {
                if let complaint = spec.complaint(text) { throw invalid(spec, text, complaint) }
            }
        }
    }
}
