/// `andon gateway`
enum GatewayCommand {
    static let command = Command(
        path: ["gateway"],
        summary: "takes events in on Kafka and forwards questions to the workers; as many as are needed",
        discussion: """
            Keeps nothing: log, definitions and keys are topics. Writes `listening on http://HOST:PORT` to stderr when it
            is ready, and runs until SIGTERM or Ctrl-C. Put a balancer in front of several.
            """,
        examples: [
            .init("andon gateway --brokers kafka-1:9092 --listen 0.0.0.0:8080", "one of any number of gateways"),
            .init("andon gateway --brokers 127.0.0.1:9092 --listen 127.0.0.1:0 --open", "a look around"),
        ],
        options: KafkaOptions.specs + [DataDirectory.option.spec] + ServerOptions.specs,
        run: { invocation in
            try ServerOptions.logging(invocation) { journal in
                let configuration = try ServerOptions.configuration(invocation, journal)
                let options = try KafkaOptions.required(invocation)
                return try ServiceRunner.run(invocation, try directory(invocation), configuration, journal) {
                    try GatewayService.runtime(options, configuration, journal)
                }
            }
        })

    /// The data directory that stores the URL for commands on the same machine; only if the option is given.
    private static func directory(_ invocation: Invocation) throws -> DataDirectory? {
        guard invocation.settings.isGiven(DataDirectory.option.spec) else { return nil }
        let directory = DataDirectory(path: try invocation.value(DataDirectory.option))
        try directory.create()
        return directory
    }
}
