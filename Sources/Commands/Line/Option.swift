/// What a value should have been, for the message to the user.
struct InvalidValue: Error, Equatable {
    var expected: String
    init(_ expected: String) { self.expected = expected }
}

/// What the parser, the help and the completion need to know about an option.
struct OptionSpec: Sendable {
    var name: String
    /// One letter, e.g. `o` for `-o`.
    var short: Character?
    /// The placeholder for the value in the help; nil for a flag.
    var valueName: String?
    var help: String
    /// As a user would write it.
    var defaultText: String?
    var isRepeatable = false
    /// The only valid values; for the help and the completion.
    var choices: [String] = []
    /// nil if the text is a valid value of this option.
    var complaint: @Sendable (String) -> InvalidValue?

    var isFlag: Bool { valueName == nil }
    /// `ANDON_DATA_DIR` for `data-dir`.
    var environmentName: String { "ANDON_" + name.uppercased().replacing("-", with: "_") }
    /// `data_dir` for `data-dir`.
    var fileName: String { name.replacing("-", with: "_") }
}

/// A named, typed option: `--name VALUE`, `--name=VALUE`, or `--name` for a flag.
///
/// The same name works as `ANDON_NAME` in the environment and as `name` in the configuration file. Flags override the
/// environment, which overrides the file, which overrides the default (DESIGN 5).
struct Option<Value: Sendable>: Sendable {
    var spec: OptionSpec
    var parse: @Sendable (String) throws(InvalidValue) -> Value

    /// - Parameters:
    ///   - valueName: the placeholder for the value in the help, e.g. `DIR`.
    ///   - defaultText: the default as a user would write it; nil if there is none.
    ///   - parse: converts one value.
    init(
        _ name: String, short: Character? = nil, _ valueName: String, _ help: String,
        default defaultText: String? = nil,
        repeatable: Bool = false, choices: [String] = [],
        parse: @escaping @Sendable (String) throws(InvalidValue) -> Value
    ) {
        spec = OptionSpec(
            name: name, short: short, valueName: valueName, help: help, defaultText: defaultText,
            isRepeatable: repeatable, choices: choices,
            complaint: { text in
                do throws(InvalidValue) {
                    _ = try parse(text)
                    return nil
                } catch {
                    return error
                }
            })
        self.parse = parse
    }
}

extension Option where Value == Bool {
    /// An option without a value: present or not.
    static func flag(_ name: String, short: Character? = nil, _ help: String) -> Option<Bool> {
        var option = Option(name, short: short, "", help, parse: truth)
        option.spec.valueName = nil
        return option
    }
}

extension Option where Value == String {
    /// An option that takes any non-empty text.
    static func text(
        _ name: String, _ valueName: String, _ help: String, default defaultText: String? = nil,
        repeatable: Bool = false
    ) -> Option<String> {
        Option(name, valueName, help, default: defaultText, repeatable: repeatable) { text throws(InvalidValue) in
            guard !text.isEmpty else { throw InvalidValue("a text that is not empty") }
            return text
        }
    }
}

extension Option where Value == Int {
    /// An option that takes an integer in a range.
    static func integer(
        _ name: String, _ valueName: String, _ help: String, in range: ClosedRange<Int>, default number: Int? = nil
    ) -> Option<Int> {
        Option(name, valueName, help, default: number.map(String.init)) { text throws(InvalidValue) in
            guard let value = Int(text), range.contains(value) else {
                throw InvalidValue("a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        }
    }
}

extension Option where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// An option that takes one of a few words.
    static func choice(
        _ name: String, short: Character? = nil, _ valueName: String, _ help: String, default value: Value? = nil,
        repeatable: Bool = false
    ) -> Option<Value> {
        let names = Value.allCases.map(\.rawValue)
        return Option(
            name, short: short, valueName, help, default: value?.rawValue, repeatable: repeatable, choices: names
        ) { text throws(InvalidValue) in
            guard let value = Value(rawValue: text) else { throw InvalidValue(listed(names, last: "or")) }
            return value
        }
    }
}

/// Parses the usual spellings of yes and no in environment variables.
private func truth(_ text: String) throws(InvalidValue) -> Bool {
    switch text.lowercased() {
    case "1", "true", "yes", "on": return true
    case "0", "false", "no", "off", "": return false
    default: throw InvalidValue("true or false")
    }
}

/// `a, b or c`.
func listed(_ names: [String], last: String) -> String {
    guard names.count > 1 else { return names.first ?? "" }
    return names.dropLast().joined(separator: ", ") + " \(last) " + names[names.count - 1]
}
