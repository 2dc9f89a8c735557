/// The question before something is destroyed: a terminal asks, anything else needs `--yes` (UX).
enum Confirmation {
    static let yes = Option.flag("yes", short: "y", "do it without asking")

    /// Returns if the answer is yes.
    /// - Parameters:
    ///   - question: What would happen, without a question mark, e.g. `revoke key 3f9a (viewer, all sites)`.
    /// - Throws: a usage error where nobody can be asked, 1 if the answer is not yes.
    static func require(_ question: String, _ invocation: Invocation) throws(CommandFailure) {
        if try invocation.isSet(yes) { return }
        guard let readAnswer = invocation.console.readAnswer else {
            throw CommandFailure(
                .usage, "\(question): nobody can be asked, because stdin is not a terminal",
                next: "add --yes to do it without asking")
        }
        invocation.console.writeError("\(question)? [y/N] ")
        let answer = readAnswer()?.lowercased() ?? ""
        guard answer == "y" || answer == "yes" else {
            throw CommandFailure(.failure, "nothing was changed", why: "the answer was not yes")
        }
    }
}
