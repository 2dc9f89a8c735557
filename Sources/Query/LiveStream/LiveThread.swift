internal import Clocks
internal import EventModel
internal import HTTPServer
internal import Observability
internal import Projector
internal import Timeline

/// The thread of live streams: carries out what a ``LiveMachine`` decides.
final class LiveThread {
    private let service: LiveStreamService
    private let query: QueryService
    private let clock: any ProcessClock
    private var machine = LiveMachine()
    private var readers: [LiveMachine.ReaderID: LiveStreamService.Join] = [:]
    /// One of the requests of each question: they all ask the same.
    private var requests: [LiveQuestion: LiveRequest] = [:]
    private var contents: [LiveQuestion: [LiveTopic: LiveContent]] = [:]
    /// Questions that fail, so that the journal has that once.
    private var failing: Set<LiveQuestion> = []
    /// Why the question at hand has no answer.
    private var failure: Problem?

    /// Nobody sees a difference of ten milliseconds, and intervals may be many.
    private static let stepMilliseconds = 10

    init(_ service: LiveStreamService) {
        self.service = service
        query = service.query
        clock = service.query.parts.clock
    }

    func run() {
        var ticked = MonotonicTime(microseconds: 0)
        while let mail = service.mail(until: max(machine.nextAt, ticked.advanced(milliseconds: Self.stepMilliseconds)))
        {
            for id in mail.left { leave(id) }
            for join in mail.joins { take(join) }
            ticked = clock.uptime
            perform(machine.step(ticked, .tick))
        }
        for join in service.lastMail().joins { refuse(join, .busy("the server is stopping", retryAfterSeconds: 1)) }
        for (_, reader) in readers { reader.stream.finish() }
    }

    private func take(_ join: LiveStreamService.Join) {
        readers[join.id] = join
        requests[join.request.question] = join.request
        let (service, id) = (service, join.id)
        join.stream.whenClosed { _ in service.left(id) }
        let request = join.request
        perform(
            machine.step(
                clock.uptime,
                .joined(
                    id, request.question, request.topics, intervalMilliseconds: request.intervalMilliseconds)))
    }

    private func leave(_ id: LiveMachine.ReaderID) {
        guard readers.removeValue(forKey: id) != nil else { return }
        service.forget(id)
        perform(machine.step(clock.uptime, .left(id)))
    }

    // MARK: Actions

    private func perform(_ actions: [LiveMachine.Action]) {
        for action in actions {
            switch action {
            case .look(let ids): for id in ids where readers[id]?.isInForce() == false { end(id) }
            case .comment(let ids): for id in ids { _ = readers[id]?.stream.write(LiveFrame.comment) }
            case .ask(let question, let asks): perform(machine.step(clock.uptime, ask(question, asks)))
            case .open(let ids): for id in ids { open(id) }
            case .refuse(let ids): for id in ids { refuse(id) }
            case .end(let ids): for id in ids { end(id, failure) }
            case .send(let question, let topic, let base, let ids): send(question, topic, from: base, to: ids)
            case .forget(let question):
                requests[question] = nil
                contents[question] = nil
                failing.remove(question)
            }
        }
    }

    private func open(_ id: LiveMachine.ReaderID) {
        guard let reader = readers[id] else { return }
        _ = reader.stream.write(LiveFrame.start)
        reader.exchange.complete(
            HTTPResponse(
                status: 200,
                headers: [
                    ("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"),
                    // Proxies that collect an answer before they pass it on would hold it back for ever.
                    ("X-Accel-Buffering", "no"),
                ], stream: reader.stream, isCodable: false))
    }

    private func refuse(_ id: LiveMachine.ReaderID) {
        guard let reader = readers.removeValue(forKey: id) else { return }
        service.forget(id)
        refuse(reader, failure ?? .busy("there is no answer at the moment", retryAfterSeconds: 1))
    }

    private func refuse(_ join: LiveStreamService.Join, _ problem: Problem) {
        join.exchange.complete(problem.response)
        join.stream.finish()
    }

    /// - Parameter problem: What the client asks cannot be answered any more.
    private func end(_ id: LiveMachine.ReaderID, _ problem: Problem? = nil) {
        guard let reader = readers[id] else { return }
        if let problem, problem.status < 500 { _ = reader.stream.write(LiveFrame.problem(problem.json)) }
        reader.stream.finish()
        leave(id)
    }

    private func send(
        _ question: LiveQuestion, _ topic: LiveTopic, from base: Int, to ids: [LiveMachine.ReaderID]
    ) {
        let frame = contents[question]?[topic]?.frame(from: base) ?? .missing
        for id in ids {
            switch frame {
            case .nothing: break
            case .bytes(let bytes) where readers[id]?.stream.write(bytes) != .full: break
            case .bytes, .missing: perform(machine.step(clock.uptime, .notTaken(id, topic, base: base)))
            }
        }
    }

    // MARK: Answers

    private func ask(_ question: LiveQuestion, _ asks: [LiveMachine.Ask]) -> LiveMachine.Input {
        failure = nil
        do {
            let answered = try answer(question, asks)
            failing.remove(question)
            return answered
        } catch let problem as Problem {
            failure = problem
            return .failed(question, isFinal: true)
        } catch {
            let isExpected =
                (error as? ProjectorError)?.isRetriable ?? ((error as? TimelineError)?.code == .tooLong)
            if !isExpected, failing.insert(question).inserted {
                query.parts.journal.record(.questionFailed("/api/stream", question.site, error.forOperator))
            }
            failure = .busy("the projections cannot be read at the moment", retryAfterSeconds: 5)
            return .failed(question, isFinal: false)
        }
    }

    private func answer(_ question: LiveQuestion, _ asks: [LiveMachine.Ask]) throws -> LiveMachine.Input {
        guard let request = requests[question] else { return .failed(question, isFinal: true) }
        guard let projections = query.parts.projections.projections(of: request.partition) else {
            // It was taken away: clients connect again, and are led to whoever holds it now.
            throw LiveStreamService.notHeld(request.partition)
        }
        let offset = projections.nextOffset(of: question.site)
        let due = asks.filter { $0.isForced || $0.knownTo != offset || $0.needsWhole && $0.topic == .events }
        guard !due.isEmpty else { return .answered(question, [:], microseconds: 0) }
        let began = clock.uptime
        let needs = due.map { ask in
            QueryService.LiveNeed(
                topic: ask.topic, eventsSince: contents[question]?[ask.topic]?.eventsKnownTo, needsWhole: ask.needsWhole
            )
        }
        guard let answers = try query.live(request, needs, projections) else {
            guard query.parts.registry(question.site) != nil else {
                throw Problem(404, detail: "there is no site \(question.site)")
            }
            // Its definition is on its way.
            return .answered(question, [:], microseconds: 0)
        }
        var standings: [LiveTopic: LiveMachine.Standing] = [:]
        for (topic, answer) in answers {
            var content = contents[question]?[topic] ?? LiveContent(topic)
            // One reference, so that what does not change is not copied.
            contents[question]?[topic] = nil
            content.take(answer)
            standings[topic] = LiveMachine.Standing(
                offset: answer.offset, version: content.version, firstVersion: content.firstVersion)
            contents[question, default: [:]][topic] = content
        }
        return .answered(question, standings, microseconds: clock.uptime - began)
    }
}
