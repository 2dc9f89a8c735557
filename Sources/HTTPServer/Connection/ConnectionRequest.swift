import CMicrohttpd
import Glibc

/// What a request is, from its head to the end of its body. All of it runs on the connection's thread.
extension Connection {
    /// Largest body that is read although the route takes none.
    private static let ignoredBytesMaximum = 16 * 1024

    // MARK: Head

    /// Finds out what the request asks for, and whether it may.
    /// - Parameter line: What the library has made of the request line.
    func judgeHead(_ line: RequestLine) -> ConnectionMachine.Step {
        andon_mhd_read_head(handle, &head)
        requestID = RequestID.of(head.request_id)
        method = HTTPMethod(cString: line.method)
        body = nil
        answerHeaders.removeAll(keepingCapacity: true)
        if let response = refusalOfHead(line) { return refuse(response, before: hasBody ? .longBody : .nothing) }
        if let response = answerWithoutHandler() { return refuse(response, before: remainder) }
        guard let route else { return .close }
        switch route.judge(request(route)) {
        case .admitted(let handler, let account): (self.handler, self.account) = (handler, account)
        case .refused(let response): return refuse(response, before: remainder)
        }
        ignoresBody = route.bodyBytesMaximum == 0 && route.method != .post && route.method != .put
        ignoredBytes = 0
        if hasBody, !ignoresBody, let response = refusalOfBody(route) { return refuse(response, before: remainder) }
        return machine.withLock { $0.acceptHead() }
    }

    /// What of this request is still to arrive after its head.
    private var remainder: ConnectionMachine.Remainder {
        // Without a body, or before a client that waits for permission has sent one, the answer can go out now.
        if !hasBody || head.expects_continue != 0 { return .nothing }
        return head.content_length > UInt64(ConnectionMachine.refusedBytesMaximum) ? .longBody : .shortBody
    }

    private func refuse(
        _ response: HTTPResponse, before remainder: ConnectionMachine.Remainder
    ) -> ConnectionMachine.Step {
        releaseBody()
        return machine.withLock { $0.refuse(response, before: remainder) }
    }

    private var hasBody: Bool { head.is_chunked != 0 || head.content_length > 0 }

    /// What makes a message ambiguous or too large, whatever its target. Such a connection is not used again.
    private func refusalOfHead(_ line: RequestLine) -> HTTPResponse? {
        let close = [(name: "Connection", value: "close")]
        if head.bytes > core.configuration.headerBytesMaximum {
            let limit = core.configuration.headerBytesMaximum
            return .problem(431, "request line and headers are larger than \(limit) bytes", headers: close)
        }
        // The library ends the target at the first NUL, and would serve the part before it.
        guard line.targetBytes == target.count else {
            return .problem(400, "the request target holds a NUL or is not followed by one space", headers: close)
        }
        if head.has_malformed_name != 0 {
            return .problem(
                400, "the name of a header is empty or holds a space or another stray character", headers: close)
        }
        if head.host_count > 1 || (head.host_count == 0 && line.needsHost) {
            let fault =
                head.host_count == 0 ? "a request of HTTP/1.1 needs a Host header" : "there are two Host headers"
            return .problem(400, fault, headers: close)
        }
        if head.expects_unknown != 0 {
            return .problem(417, "the only expectation that is met is 100-continue", headers: close)
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
        (route, handler, account) = (nil, nil, nil)
        switch core.router.match(target) {
        case .malformed(let detail): return .problem(400, detail)
        case .redirected(let target): return HTTPResponse(status: 308, headers: [("Location", target)])
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

    var origin: String? { head.origin.map { String(cString: $0) } }

    // MARK: Body

    /// The refusal of the body before it is read, if any.
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
        let sender = BodyRoom.Sender(address: clientAddress, account: account)
        body = BodyReader(
            bytesMaximum: route.bodyBytesMaximum, buffer: stock.buffer(core.bodyRoom, of: sender), inflater: inflater)
        return nil
    }

    func takeBody(_ part: UnsafeRawBufferPointer) -> ConnectionMachine.Step {
        if ignoresBody {
            ignoredBytes += part.count
            guard ignoredBytes > Self.ignoredBytesMaximum else { return .goOn }
            return refuse(BodyReader.tooLarge(Self.ignoredBytesMaximum), before: .longBody)
        }
        guard let response = body?.append(part) else { return .goOn }
        return refuse(response, before: .longBody)
    }

    func endBody() -> ConnectionMachine.Step {
        if let response = body?.finish() { return refuse(response, before: .nothing) }
        return runHandler()
    }

    // MARK: The client's address

    /// The socket's, or the one that trusted proxies report.
    var clientAddress: String {
        guard core.configuration.trustedProxies > 0, head.is_forwarded != 0 else { return peer.text }
        return ForwardedAddress.find(
            in: headerLines("X-Forwarded-For"), trustedProxies: core.configuration.trustedProxies) ?? peer.text
    }

    /// Whether the proxy that the client speaks to says that it does so over TLS; the server itself speaks none.
    var isSecure: Bool {
        let proxies = core.configuration.trustedProxies
        guard proxies > 0 else { return false }
        return ForwardedScheme.isSecure(headerLines("X-Forwarded-Proto"), trustedProxies: proxies)
    }

    // MARK: The answer's coding

    /// What this request's client takes.
    var answerCoding: AnswerCoding {
        guard let first = head.accept_encoding else {
            return AnswerCoding(accepted: AcceptedCodings(nil), knownTags: nil)
        }
        let header = head.accept_encoding_count > 1 ? headerLines("Accept-Encoding") : String(cString: first)
        return AnswerCoding(accepted: AcceptedCodings(header), knownTags: sentHeader("If-None-Match"))
    }

    // MARK: Headers

    /// First line of a header, as it was sent.
    func sentHeader(_ name: String) -> String? {
        MHD_lookup_connection_value(handle, .HEADER_KIND, name).map { String(cString: $0) }
    }

    /// All lines of a header, joined by commas.
    private func headerLines(_ name: String) -> String {
        var lines = HeaderLines(name: name)
        withUnsafeMutablePointer(to: &lines) {
            _ = MHD_get_connection_values(handle, .HEADER_KIND, collectHeaderLines, $0)
        }
        return lines.values.joined(separator: ",")
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
