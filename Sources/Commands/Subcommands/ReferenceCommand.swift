/// `andon reference`: writes the reference article of the catalog; hidden, because `andon help TOPIC` is for people.
enum ReferenceCommand {
    static let command = Command(
        path: ["reference"],
        summary: "writes the reference of members, parameters, verdicts and figures as Markdown",
        examples: [.init("andon reference > Sources/andon/Andon.docc/Reference.md", "bring the article up to date")],
        options: [],
        isHidden: true,
        run: { invocation in
            try invocation.console.writeOutput(Array(ReferencePage.article.utf8))
            return .success
        })
}
