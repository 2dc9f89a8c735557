/// The sources of option values: flags > environment > file > default (DESIGN 5).
struct Settings: Sendable {
    /// By option name.
    var flags: [String: [String]] = [:]
    var environment: [String: String] = [:]
    var file = ConfigurationFile()

    /// The texts given for an option, from the source with the highest priority that has any.
    func texts(_ spec: OptionSpec) -> [String] {
        if let values = flags[spec.name] { return spec.isRepeatable ? values : values.suffix(1) }
        if let value = environment[spec.environmentName], !value.isEmpty {
            return spec.isRepeatable ? value.split(separator: ",").map(String.init) : [value]
        }
        if let values = file.values[spec.fileName] { return spec.isRepeatable ? values : values.suffix(1) }
        return spec.defaultText.map { [$0] } ?? []
    }

    /// Whether any source except the default has a value.
    func isGiven(_ spec: OptionSpec) -> Bool {
        flags[spec.name] != nil || !environment[spec.environmentName, default: ""].isEmpty
            || file.values[spec.fileName] != nil
    }

    /// The name of an option's source in messages.
    func origin(_ spec: OptionSpec) -> String {
        if flags[spec.name] != nil { return "--\(spec.name)" }
        if let value = environment[spec.environmentName], !value.isEmpty { return spec.environmentName }
        return file.values[spec.fileName] == nil ? "--\(spec.name)" : "'\(spec.fileName)' in \(file.path)"
    }
}
