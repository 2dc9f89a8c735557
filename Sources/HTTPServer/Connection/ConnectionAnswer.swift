import CMicrohttpd
import Glibc

/// Handler and answer. All of it runs on the connection's thread.
extension Connection {
    func perform(_ step: ConnectionMachine.Step) -> Bool {
        switch step {
        case .goOn: return true
        case .close: return false
        case .answer(let response): return answer(response)
        case .sleep:
            // Set before the server looks at who sleeps, so one of the two finds this one.
            if core.isStopping.load(ordering: .sequentiallyConsistent) { abandon() }
            return true
        case .answerAtOnce(let response):
            answerAtOnce(response)
            return true
        }
    }

    // MARK: Handler

    func runHandler() -> ConnectionMachine.Step {
        guard let route, let handler, let generation = machine.withLock({ $0.beginHandling() }) else { return .close }
        let coding = answerCoding
        let exchange = Exchange(connection: self, generation: generation, coding: coding)
        // Until the outcome is known the exchange must live: its end without an answer is an answer.
        let outcome = withExtendedLifetime(exchange) {
            let outcome = handler(request(route), exchange)
            if case .respond = outcome { exchange.spend() }
            return outcome
        }
        releaseBody()
        switch outcome {
        case .respond(let response):
            let coded = coding.apply(to: response)
            return machine.withLock { $0.respond(coded) }
        case .suspended: return machine.withLock { $0.suspend() }
        }
    }

    /// The request as far as it is there: before its body has been read, without one.
    func request(_ route: HTTPRoute) -> HTTPRequest {
        HTTPRequest(
            method: route.method, path: path, pathParameters: pathParameters, query: query,
            body: body?.contents ?? UnsafeRawBufferPointer(start: nil, count: 0), clientAddress: clientAddress,
            isLoopback: peer.isLoopback && head.is_forwarded == 0, requestID: requestID,
            headerLookup: { self.header($0) },
            targetLookup: { RequestTarget(self.target[...])?.originForm ?? "" }, securityLookup: { self.isSecure },
            answerHeaders: { self.answerHeaders += $0 }, logNotes: { self.log.note($0) })
    }

    private func header(_ name: String) -> String? {
        sentHeader(name).map { AnswerCoding.withoutCoding($0, of: name) }
    }

    // MARK: Answer

    private func answer(_ response: HTTPResponse) -> Bool {
        if let stream = response.stream { return answer(response, stream) }
        if response.body.count > Answer.copiedBytesMaximum {
            return answer(response, ResponseStream(whole: response.body), bytes: response.body.count)
        }
        log.answered(response)
        if Answer.queue(response, on: handle, extra: extraHeaders(of: response)) { return true }
        return answerFailure()
    }

    /// - Parameter bytes: The length of the body, where it is known and all of it is in the stream.
    private func answer(_ response: HTTPResponse, _ stream: ResponseStream, bytes: Int? = nil) -> Bool {
        guard let reader = StreamReader.response(stream, self, bytes: bytes, isCoded: response.codesStream) else {
            stream.close(.refused)
            return answer(bytes == nil ? ServerCore.noStreamResponse : ServerCore.noRoomResponse)
        }
        log.answered(response)
        // The library would send the end of a chunked body to HEAD as well.
        if method == .head, bytes == nil { _ = andon_mhd_end_by_close(reader) }
        guard Answer.queue(reader, response, on: handle, extra: extraHeaders(of: response)) else {
            stream.close(.refused)
            return answerFailure()
        }
        // The library never asks for that body.
        if method == .head {
            stream.close(.refused)
            return true
        }
        limitSilence()
        machine.withLock { $0.startStreaming(stream) }
        // Set before the server looks at who streams, so one of the two finds this one.
        if core.isDraining.load(ordering: .sequentiallyConsistent) { stream.stop() }
        return true
    }

    private func answerFailure() -> Bool {
        let failure = HTTPResponse.problem(500, "the answer could not be sent")
        log.answered(failure)
        return Answer.queue(failure, on: handle, extra: [])
    }

    /// Sends an answer in the middle of a body.
    private func answerAtOnce(_ response: HTTPResponse) {
        var response = response
        response.headers.removeAll { $0.name == "Connection" }
        if method == .head { response.body = [] }
        log.answered(response)
        Answer.sendAtOnce(response, socket: socket, extra: extraHeaders(of: response))
    }

    /// Makes the kernel give up a client that has vanished and acknowledges nothing, some time after the watchman would have
    /// disconnected one that is alive and reads nothing.
    private func limitSilence() {
        var milliseconds = UInt32(clamping: core.streamStallMilliseconds + 10_000)
        let size = socklen_t(MemoryLayout<UInt32>.size)
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &milliseconds, size)
    }

    /// Headers that the answer does not set itself.
    private func extraHeaders(of response: HTTPResponse) -> [(name: String, value: String)] {
        var extra = answerHeaders + core.crossOrigin.headers(for: origin)
        for header in core.configuration.defaultHeaders + [("X-Request-Id", requestID)]
        where !response.headers.contains(where: { $0.name.utf8.elementsEqual(header.name.utf8) }) {
            extra.append(header)
        }
        if core.isDraining.load(ordering: .relaxed), !response.headers.contains(where: { $0.name == "Connection" }) {
            extra.append(("Connection", "close"))
        }
        return extra
    }
}
