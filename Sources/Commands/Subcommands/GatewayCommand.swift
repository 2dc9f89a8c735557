/// `andon gateway`
enum GatewayCommand {
    static let command = Command(
        path: ["gateway"],
        summary: "accepts events into Kafka and forwards questions to the workers; run as many as you need",
        discussion: """
            Log, definitions and keys are topics. With --data-dir a folder of its own keeps the answers to Idempotency-Keys
            over a restart, however much is appended meanwhile; without it they are read from the newest records of the log, for
            at most 10 s. Writes `listening on http://HOST:PORT` to stderr when it is ready, and runs until SIGTERM or Ctrl-C. Put
            a load balancer in front of several.
            """,
        examples: [
            .init("andon gateway --brokers kafka-1:9092 --listen 0.0.0.0:8080", "one of any number of gateways"),
            .init(
                "andon gateway --brokers 127.0.0.1:9092 --listen 127.0.0.1:0 --open",
                "try it on this machine, without keys"),
        ],
        options: KafkaOptions.specs + [DataDirectory.option.spec] + ServerOptions.specs,
        run: { invocation in
            try ServerOptions.logging(invocation) { journal in
                let configuration = try ServerOptions.configuration(invocation, journal)
                let options = try KafkaOptions.required(invocation)
                let directory = try directory(invocation)
                return try ServiceRunner.run(invocation, directory, configuration, journal) {
                    try GatewayService.runtime(options, directory, configuration, journal)
                }
            }
        })

    /// The data directory that stores the URL for commands on the same machine, and answers to Idempotency-Keys; only if
    /// the option is given.
    private static func directory(_ invocation: Invocation) throws -> DataDirectory? {
        guard invocation.settings.isGiven(DataDirectory.option.spec) else { return nil }
        let directory = DataDirectory(path: try invocation.value(DataDirectory.option))
        try directory.create()
        return directory
    }
}
