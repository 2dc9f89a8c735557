import CMicrohttpd
import Glibc

/// One request from its head to its answer. All of it runs on the connection's thread.
extension Connection {
    /// A refused body of up to so many bytes is read to its end, and the connection stays of use.
    private static let refusedBytesMaximum = 64 * 1024
    /// So many bytes are thrown away after a refusal that was sent in the middle of a body.
    private static let lingeringBytesMaximum = 32 * 1024 * 1024
    /// A body that nobody asked for may be so long.
    private static let ignoredBytesMaximum = 16 * 1024

    // MARK: Head

    /// - Parameter targetBytes: Bytes between method and version, whatever they are.
    func begin(_ name: UnsafePointer<CChar>, targetBytes: Int) -> Bool {
        andon_mhd_read_head(handle, &head)
        method = HTTPMethod(cString: name)
        body = nil
        answerHeaders.removeAll(keepingCapacity: true)
        if let response = refusalOfHead(targetBytes) {
            return hasBody ? refuseInBody(response) : answer(response)
        }
        if let response = answerWithoutHandler() { return refuse(response) }
        guard let route else { return false }
        ignoresBody = route.bodyBytesMaximum == 0 && route.method != .post && route.method != .put
        ignoredBytes = 0
        stage = .body
        guard hasBody, !ignoresBody else { return true }
        if let response = refusalOfBody(route) { return refuse(response) }
        return true
    }

    private var hasBody: Bool { head.is_chunked != 0 || head.content_length > 0 }

    /// What makes a message ambiguous or too large whatever it asks for. Such a connection is not used again.
    private func refusalOfHead(_ targetBytes: Int) -> HTTPResponse? {
        let close = [(name: "Connection", value: "close")]
        if head.bytes > core.configuration.headerBytesMaximum {
            let limit = core.configuration.headerBytesMaximum
            return .problem(431, "request line and headers are larger than \(limit) bytes", headers: close)
        }
        // The library ends the target at the first NUL, and would serve what stands before it.
        guard targetBytes == target.count else {
            return .problem(400, "the request target holds a NUL or is not followed by one space", headers: close)
        }
        if head.transfer_encoding_count > 0, head.is_chunked == 0 || head.transfer_encoding_count > 1 {
            return .problem(501, "the only transfer encoding is chunked", headers: close)
        }
        if head.content_length_count > 1 || (head.content_length_count > 0 && head.transfer_encoding_count > 0) {
            return .problem(400, "the length of the body is stated twice", headers: close)
        }
        return nil
    }

    /// Finds the route, or the answer where no handler is needed.
    private func answerWithoutHandler() -> HTTPResponse? {
        route = nil
        switch core.router.match(target) {
        case .malformed(let detail): return .problem(400, detail)
        case .notFound: return .problem(404, "there is nothing under this path")
        case .found(let index, let path, let parameters, let query):
            self.path = path
            pathParameters = parameters
            self.query = query
            let endpoint = core.router.endpoints[index]
            route = method.flatMap { endpoint.routes[$0.slot] }
            if route == nil, method == .head { route = endpoint.routes[HTTPMethod.get.slot] }
            guard route == nil else { return nil }
            return method == .options ? optionsAnswer(endpoint.allow) : Self.methodNotAllowed(endpoint.allow)
        }
    }

    private func optionsAnswer(_ allow: String) -> HTTPResponse {
        let preflight = core.crossOrigin.preflightHeaders(for: origin, allow: allow)
        return HTTPResponse(status: 204, headers: [("Allow", allow)] + preflight)
    }

    private static func methodNotAllowed(_ allow: String) -> HTTPResponse {
        .problem(405, "this path takes \(allow)", headers: [("Allow", allow)])
    }

    private var origin: String? { head.origin.map { String(cString: $0) } }

    // MARK: Body

    /// What can be said against the body before it is read.
    private func refusalOfBody(_ route: HTTPRoute) -> HTTPResponse? {
        let coding = ContentCoding(header: head.content_encoding, lines: Int(head.content_encoding_count))
        if case .unsupported = coding {
            return .problem(
                415, "Content-Encoding may be gzip or identity", headers: [("Accept-Encoding", "gzip, identity")])
        }
        if head.content_length > UInt64(route.bodyBytesMaximum) { return BodyReader.tooLarge(route.bodyBytesMaximum) }
        let stock = ThreadStock.current
        var inflater: Inflater?
        if case .gzip = coding {
            inflater = stock.inflater()
            guard inflater != nil else { return BodyReader.noMemory }
        }
        body = BodyReader(
            bytesMaximum: route.bodyBytesMaximum, buffer: stock.buffer(core.bodyMemory), inflater: inflater)
        return nil
    }

    func bodyArrived(_ part: UnsafeRawBufferPointer) -> Bool {
        if ignoresBody {
            ignoredBytes += part.count
            guard ignoredBytes > Self.ignoredBytesMaximum else { return true }
            return refuseInBody(BodyReader.tooLarge(Self.ignoredBytesMaximum))
        }
        guard let response = body?.append(part) else { return true }
        return refuseInBody(response)
    }

    func refusedBodyArrived(_ part: UnsafeRawBufferPointer, _ response: HTTPResponse, _ left: Int) -> Bool {
        if part.isEmpty { return answer(response) }
        guard part.count <= left else { return refuseInBody(response) }
        stage = .refused(response, leftBytes: left - part.count)
        return true
    }

    /// Refuses where the library still takes an answer: right after the head.
    private func refuse(_ response: HTTPResponse) -> Bool {
        // Without a body, or before a client that waits for permission has sent one, the answer can go out now.
        if !hasBody || head.expects_continue != 0 { return answer(response) }
        if head.content_length > UInt64(Self.refusedBytesMaximum) { return refuseInBody(response) }
        stage = .refused(response, leftBytes: Self.refusedBytesMaximum)
        return true
    }

    /// Refuses in the middle of a body.
    private func refuseInBody(_ response: HTTPResponse) -> Bool {
        releaseBody()
        guard watch.enter(.lingering) else { return false }
        var response = response
        response.headers.removeAll { $0.name == "Connection" }
        if method == .head { response.body = [] }
        log.answered(response)
        Answer.sendAtOnce(response, socket: socket, extra: extraHeaders(of: response))
        stage = .lingering(leftBytes: Self.lingeringBytesMaximum)
        return true
    }

    func bodyEnded() -> Bool {
        if let response = body?.finish() { return answer(response) }
        return runHandler()
    }

    // MARK: Handler and answer

    private func runHandler() -> Bool {
        guard let route, watch.enter(.answering) else { return false }
        stage = .handling
        let exchange = Exchange(connection: self, generation: answers.withLock { $0.begin() })
        // Until the outcome is known the exchange must live: its end without an answer is an answer.
        let outcome = withExtendedLifetime(exchange) {
            let outcome = route.handler(request(route), exchange)
            if case .respond = outcome { exchange.spend() }
            return outcome
        }
        releaseBody()
        switch outcome {
        case .respond(let response):
            answers.withLock { $0.finish() }
            return answer(response)
        case .suspended: return suspend()
        }
    }

    private func request(_ route: HTTPRoute) -> HTTPRequest {
        HTTPRequest(
            method: route.method, path: path, pathParameters: pathParameters, query: query,
            body: body?.contents ?? UnsafeRawBufferPointer(start: nil, count: 0), clientAddress: clientAddress,
            isLoopback: peer.isLoopback && head.is_forwarded == 0, headerLookup: { self.header($0) },
            targetLookup: { RequestTarget(self.target[...])?.originForm ?? "" },
            answerHeaders: { self.answerHeaders += $0 })
    }

    private func header(_ name: String) -> String? {
        MHD_lookup_connection_value(handle, .HEADER_KIND, name).map { String(cString: $0) }
    }

    private func suspend() -> Bool {
        // Asleep before anybody can see it: who sees it may wake it at once.
        let early = answers.withLock { machine in
            let response = machine.suspend()
            if response == nil { MHD_suspend_connection(handle) }
            return response
        }
        if let early { return answer(early) }
        if core.isStopping.load(ordering: .sequentiallyConsistent) { abandon() }
        return true
    }

    func awoke() -> Bool {
        guard let response = answers.withLock({ $0.take() }) else { return true }
        return answer(response)
    }

    private func answer(_ response: HTTPResponse) -> Bool {
        releaseBody()
        guard watch.enter(.answering) else { return false }
        stage = .answered
        log.answered(response)
        if Answer.queue(response, on: handle, extra: extraHeaders(of: response)) { return true }
        let failure = HTTPResponse.problem(500, "the answer could not be sent")
        log.answered(failure)
        return Answer.queue(failure, on: handle, extra: [])
    }

    /// Headers that the answer does not bring itself.
    private func extraHeaders(of response: HTTPResponse) -> [(name: String, value: String)] {
        var extra = answerHeaders + core.crossOrigin.headers(for: origin)
        for header in core.configuration.defaultHeaders
        where !response.headers.contains(where: { $0.name.utf8.elementsEqual(header.name.utf8) }) {
            extra.append(header)
        }
        if core.isDraining.load(ordering: .relaxed), !response.headers.contains(where: { $0.name == "Connection" }) {
            extra.append(("Connection", "close"))
        }
        return extra
    }

    // MARK: The client's address

    /// The socket's, or what the trusted proxies say.
    var clientAddress: String {
        guard core.configuration.trustedProxies > 0, head.is_forwarded != 0 else { return peer.text }
        var lines = HeaderLines(name: "X-Forwarded-For")
        withUnsafeMutablePointer(to: &lines) {
            _ = MHD_get_connection_values(handle, .HEADER_KIND, collectHeaderLines, $0)
        }
        return ForwardedAddress.find(
            in: lines.values.joined(separator: ","), trustedProxies: core.configuration.trustedProxies) ?? peer.text
    }
}

/// All lines of one header.
private struct HeaderLines {
    let name: String
    var values: [String] = []
}

private func collectHeaderLines(
    context: UnsafeMutableRawPointer?, kind: MHD_ValueKind, key: UnsafePointer<CChar>?, value: UnsafePointer<CChar>?
) -> MHD_Result {
    guard let context, let key, let value else { return .YES }
    let lines = context.assumingMemoryBound(to: HeaderLines.self)
    if strcasecmp(key, lines.pointee.name) == 0 { lines.pointee.values.append(String(cString: value)) }
    return .YES
}
