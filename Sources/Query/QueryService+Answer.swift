internal import EventModel
internal import HTTPServer
internal import JSON
internal import Timeline

extension QueryService {
    /// The whole answer to a question (SPEC 5.8, 8.5).
    func answer(
        _ question: Question, _ asked: AskedQuestion, _ clock: AnswerClock
    ) throws -> HTTPResponse {
        let partition = asked.projections.partition
        if asked.wantsPage { return try page(question, partition) }
        let isSettled = isSettled(question, in: partition, by: clock)
        let tag = EntityTag.of(question, isSettled: isSettled)
        var headers: [(name: String, value: String)] = tag.map { [("ETag", $0)] } ?? []
        // Caches must revalidate: answers are for one key, and change with the log.
        headers.append(("Cache-Control", "private, no-cache"))
        if let tag, let ifNoneMatch = asked.ifNoneMatch, EntityTags.matches(tag, ifNoneMatch: ifNoneMatch) {
            return HTTPResponse(status: 304, headers: headers)
        }
        if isSettled, let knownAt = question.knownWholly { question.snapshot.goesOn(knownAt: knownAt) }
        let newest = try question.site.newestArrival(question.view, question.reader)
        let meta = AnswerMeta(question: question, partition: partition, isSettled: isSettled, newest: newest)
        let rejected = question.kind == .ledger ? parts.rejected(asked.site) : []
        let content = try question.content(
            rosters, partition, rejected: rejected.map { RejectedCount(code: $0.0, count: $0.1) })
        // Writing a long answer takes its time, too.
        question.snapshot.close()
        var writer = JSONWriter(reservedBytes: 4096)
        writer.object { writer in
            writer.content(content)
            meta.write(to: &writer)
            if let next = content.nextCursor { writer.member("next_cursor", next) }
        }
        if let next = content.nextCursor { headers.append(("Link", NextLink.header(question, cursor: next))) }
        return .json(200, writer.bytes, headers: headers)
    }
}

extension QueryService {
    /// The report for people. It has no ETag: it says when it was made.
    private func page(_ question: Question, _ partition: PartitionIndex) throws -> HTTPResponse {
        guard case .healthReport(let report) = try question.content(rosters, partition, rejected: []) else {
            preconditionFailure("only the report has a page")
        }
        question.snapshot.close()
        return HealthReportPage(report, question).response
    }

    /// Whether no later append can change the answer (SPEC 5.8).
    func isSettled(_ question: Question, in partition: PartitionIndex, by clock: AnswerClock) -> Bool {
        guard let knownAt = question.knownWholly else { return false }
        return settlement(partition).isSettled(
            knownAt: knownAt, question.snapshot.progress, era: clock.certain.era, lag: clock.gatewayLag)
    }
}

/// The `Link` from a page to the next one (RFC 8288).
enum NextLink {
    static func header(_ question: Question, cursor: String) -> String {
        header(question.kind.path, question.parameters.pairs, cursor: cursor)
    }

    /// - Parameter pairs: the query of this page.
    static func header(_ path: String, _ pairs: [(name: String, value: String)], cursor: String) -> String {
        let next = pairs.filter { $0.name != "cursor" } + [("cursor", cursor)]
        let query = next.map { "\($0.name)=\(encode($0.value))" }.joined(separator: "&")
        return "<\(path)?\(query)>; rel=\"next\""
    }

    /// Percent-encodes all but the unreserved characters (RFC 3986, 2.3).
    static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                encoded.append("%")
                encoded.append(digits[Int(byte >> 4)])
                encoded.append(digits[Int(byte & 15)])
            }
        }
        return encoded
    }
}
