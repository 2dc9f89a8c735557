import EventModel
import HTTPServer
import Testing

@testable import Cluster

@Suite("Forwarding a question, over the twin", .timeLimit(.minutes(10)))
struct ForwardingTests {
    @Test("the first holder's answer reaches the client")
    func first() {
        let cluster = TwinCluster(["a", "b"])
        cluster.serve("a", 200, [("Content-Type", "application/json"), ("ETag", "\"x\"")])
        cluster.serve("b")
        let answer = cluster.ask()
        #expect(answer.status == 200 && answer.text == "a")
        #expect(answer.header("ETag") == "\"x\"")
        #expect(answer.header("Content-Type") == "application/json")
        #expect(cluster.client.asked.count == 1)
    }

    @Test(
        "the holder gets its token, the site, the request's name, its If-None-Match and the target as it was, nothing else"
    )
    func sent() {
        let cluster = TwinCluster(["a"])
        cluster.serve("a", 304)
        let target = "/api/events?worker_id=%c3%A9+x&a=b=c&&from=2026-01-01T00:00:00%2b01:00"
        let answer = cluster.ask(
            target, sent: ["If-None-Match": "\"x\"", "Authorization": "Bearer k", "Cookie": "c"], requestID: "r-1")
        #expect(answer.status == 304)
        let question = cluster.client.asked[0]
        #expect(question.url == "http://a" && question.target == target)
        #expect(
            question.headers.map { "\($0.name): \($0.value)" } == [
                "Andon-Forward-Token: \(cluster.holders[0].token.hex)", "Andon-Forward-Site: plant",
                "X-Request-Id: r-1", "If-None-Match: \"x\"",
            ])
    }

    @Test("headers of one connection, of the server and of the holder's own limits do not pass; all others do")
    func headers() {
        let cluster = TwinCluster(["a"])
        let passing = ["Content-Type", "ETag", "Cache-Control", "Link", "Retry-After", "Last-Modified", "X-Own"]
        let dropped = [
            "Keep-Alive", "Transfer-Encoding", "TE", "Trailer", "Upgrade", "Proxy-Authenticate", "Content-Length",
            "Content-Encoding", "Date", "Server", "RateLimit", "RateLimit-Policy", "Access-Control-Allow-Origin",
            "Andon-Not-Holder", "X-Hop",
        ]
        cluster.serve(
            "a", 200, (passing + dropped).map { ($0, "v") } + [("connection", "keep-alive, X-Hop"), ("Vary", "Origin")])
        #expect(cluster.ask().headers.map(\.name) == passing)
        cluster.serve("a", 200, [("Vary", "Accept")])
        #expect(cluster.ask().header("Vary") == "Accept")
    }

    @Test("a holder that is not there is passed over, and asked last for a while")
    func dead() {
        let cluster = TwinCluster(["a", "b"])
        cluster.serve("b")
        #expect(cluster.ask().text == "b")
        #expect(cluster.client.asked.map(\.url) == ["http://a", "http://b"])
        #expect(cluster.events.names == ["holder_unreachable"])
        cluster.serve("a")
        #expect(cluster.ask().text == "b")
        cluster.clock.advance(milliseconds: QuestionForwarder.suspicionMilliseconds + 1)
        #expect(cluster.ask().text == "a")
    }

    @Test("a suspected holder that answers when the others fail is suspected no more")
    func rehabilitated() {
        let cluster = TwinCluster(["a", "b"])
        cluster.serve("b")
        _ = cluster.ask()
        cluster.serve("a")
        cluster.client.set("http://b", nil)
        #expect(cluster.ask().text == "a")
        #expect(cluster.client.asked.map(\.url).suffix(2) == ["http://b", "http://a"])
        #expect(cluster.ask().text == "a")
        #expect(cluster.client.asked.last?.url == "http://a")
    }

    @Test("without a holder, and when all fail, the answer is 503 with Retry-After")
    func nobodyLeft() {
        for cluster in [TwinCluster([]), TwinCluster(["a", "b", "c"])] {
            let answer = cluster.ask()
            #expect(answer.status == 503)
            #expect(answer.header("Retry-After") != nil)
            #expect(answer.header("Content-Type") == "application/problem+json")
            #expect(cluster.client.asked.count == cluster.holders.count)
        }
    }

    @Test("a holder that lost the partition is passed over, and its mark never reaches the client")
    func notHolder() {
        let cluster = TwinCluster(["a", "b"])
        cluster.serve("a", 503, [("Andon-Not-Holder", "true")])
        cluster.serve("b")
        #expect(cluster.ask().text == "b")
        cluster.serve("b", 503, [("Andon-Not-Holder", "true")])
        let answer = cluster.ask()
        #expect(answer.status == 503 && answer.header("Andon-Not-Holder") == nil)
    }

    @Test("a request that was forwarded is never forwarded again, whoever says so")
    func once() {
        let cluster = TwinCluster(["a"])
        cluster.serve("a")
        for sent in [
            ["Andon-Forward-Token": ForwardingToken.random().hex, "Andon-Forward-Site": "plant"],
            ["Andon-Forward-Token": "nonsense"], ["Andon-Forward-Site": "plant"],
        ] {
            let answer = cluster.ask(sent: sent)
            #expect(answer.status == 503)
            #expect(answer.header("Andon-Not-Holder") != nil && answer.header("Retry-After") != nil)
        }
        #expect(cluster.client.asked.isEmpty)
    }

    @Test("after the stop the answer is 503")
    func stopped() {
        let cluster = TwinCluster(["a"])
        cluster.serve("a")
        cluster.forwarder.stop()
        #expect(cluster.ask().status == 503)
    }
}
