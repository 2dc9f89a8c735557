import Clocks
import EventModel
import Foundation
import Locks
import TestKit
import Testing

@testable import Access
@testable import Replay

@Suite("Rebuilds over HTTP (SPEC 7.3)", .timeLimit(.minutes(10)))
struct RebuildRouteTests {
    @Test("an operator starts one and sees how it is; it is told to every partition")
    func started() throws {
        let scene = try RebuildScene()
        let answer = scene.send(.post, "/?reason=idle&rate=500")
        let id = try #require(answer["id"])
        #expect(answer.status == 201 && answer["state"] == "building" && answer["by"] == "night shift")
        #expect(answer["pace"] == "500" && answer["reason"] == "idle" && answer.items("waiting").isEmpty)
        #expect(answer.headers.contains { $0 == ("Location", "/api/admin/rebuilds/\(id)") })
        #expect(scene.partitions.allSatisfy { $0.calls == ["build eventsPerSecond(500)"] })
        scene.foldAll()
        let status = scene.send(.get, "/\(id)")
        #expect(status["state"] == "level" && status.json?["totals"]?["records_done"]?.text == "200")
        #expect(status.json?["totals"]?["eta_seconds"]?.text == "0" && status.json?["lagging"] == .null)
        #expect(status.items("partitions").map { $0["state"]?.text } == ["level", "level"])
        let list = scene.send(.get, "/")
        #expect(list.items("items").map { $0["id"]?.text } == [id] && list.text.contains(#""state":"level""#))
    }

    @Test("the partition that lags is named; one that does not answer is named with the reason")
    func lagging() throws {
        let scene = try RebuildScene(partitions: 3, runs: false, held: 2)
        let job = RebuildJob(by: "a", after: nil, at: SystemClock().now)
        #expect(try scene.board.put(job) == .taken)
        scene.keeper.step()
        scene.partitions[0].foldAll()
        let status = scene.send(.get, "/\(job.id)")
        #expect(status["lagging"] == "1" && status["state"] == "building")
        #expect(status.items("missing").map { $0["partition"]?.text } == ["2"])
        #expect(status.json?["totals"]?["eta_seconds"] == .null)
        #expect(scene.send(.post, "/\(job.id)/promote").status == 503)
        #expect(try scene.board.jobs() == [job])
    }

    @Test("a second one is refused while the first is active: 409 names it")
    func oneAtATime() throws {
        let scene = try RebuildScene()
        let id = try scene.start()
        let second = scene.send(.post, "/")
        #expect(second.status == 409 && second["rebuild"] == id && second["code"] == "busy")
        #expect(second["detail"]?.contains("night shift") == true)
        #expect(scene.send(.post, "/\(id)/cancel").status == 200)
        #expect(try scene.start() != id)
    }

    @Test("pause, resume and cancel are carried out before the answer; again they change nothing")
    func acts() throws {
        let scene = try RebuildScene()
        let id = try scene.start()
        let job = try #require(JobID(id))
        for (act, state, pace) in [("pause", "paused", "paused"), ("resume", "building", "auto")] {
            for _ in 0..<2 {
                let answer = scene.send(.post, "/\(id)/\(act)")
                #expect(answer.status == 200 && answer["state"] == state)
                #expect(scene.partitions.allSatisfy { $0.pace(job).map { "\($0)" } == pace })
            }
        }
        #expect(try scene.board.jobs().first?.revision == 3)
        #expect(scene.send(.post, "/\(id)/rollback")["code"] == "running")
        for _ in 0..<2 { #expect(scene.send(.post, "/\(id)/cancel")["state"] == "cancelled") }
        #expect(scene.partitions.allSatisfy { $0.disk[job] == nil })
        #expect(scene.send(.post, "/\(id)/resume").status == 409)
        #expect(scene.send(.get, "/\(id)/diff").status == 409)
    }

    @Test("it is promoted once it is level and nothing differs, and rolled back; both again change nothing")
    func promoted() throws {
        let scene = try RebuildScene()
        let id = try scene.start()
        let job = try #require(JobID(id))
        let early = scene.send(.post, "/\(id)/promote")
        #expect(early.status == 409 && early["code"] == "not_level" && early["detail"]?.contains("0, 1") == true)
        scene.foldAll()
        for _ in 0..<2 {
            let answer = scene.send(.post, "/\(id)/promote")
            #expect(answer.status == 200 && answer["state"] == "promoted" && answer["accepted_differences"] == nil)
            #expect(scene.partitions.allSatisfy { $0.disk.live == [job] })
        }
        #expect(scene.send(.post, "/\(id)/cancel").status == 409)
        for _ in 0..<2 {
            let answer = scene.send(.post, "/\(id)/rollback")
            #expect(answer.status == 200 && answer["state"] == "rolled_back")
            #expect(scene.partitions.allSatisfy { $0.disk.live.isEmpty })
        }
        #expect(scene.send(.post, "/\(id)/promote").status == 409)
        #expect(try scene.board.jobs().first?.revision == 3)
    }

    @Test("where anything differs it is refused, with counts and the largest differences first")
    func refused() throws {
        let scene = try RebuildScene()
        scene.partitions[0].disk.stored.withLock { $0.differences = 3 }
        scene.partitions[1].disk.stored.withLock { $0.differences = 30 }
        let id = try scene.start()
        scene.foldAll()
        let diff = scene.send(.get, "/\(id)/diff?limit=4")
        #expect(diff["equal"] == "100" && diff["different"] == "33" && diff.json?["is_equal"] == .bool(false))
        #expect(diff.items("differences").map { $0["size"]?.text } == ["100", "100", "99", "99"])
        #expect(diff.items("partitions").map { $0["position"]?.text } == ["0:100", "1:100"])
        for query in ["", "?accept_diff=32"] {
            let answer = scene.send(.post, "/\(id)/promote\(query)")
            #expect(answer.status == 409 && answer["code"] == "generations_differ" && answer["different"] == "33")
            #expect(answer.items("differences").count == RebuildDifferences.refusalMaximum)
        }
        #expect(scene.partitions.allSatisfy { $0.disk.live.isEmpty })
        let answer = scene.send(.post, "/\(id)/promote?accept_diff=33")
        #expect(answer.status == 200 && answer["accepted_differences"] == "33" && answer["state"] == "promoted")
    }

    @Test("force needs a reason, and promotes whatever differs; what could not be compared needs force")
    func forced() throws {
        let scene = try RebuildScene()
        scene.partitions[0].disk.stored.withLock { $0.notes = ["hours begin at other times"] }
        let id = try scene.start()
        scene.foldAll()
        #expect(scene.send(.post, "/\(id)/promote?accept_diff=1000")["detail"]?.contains("other times") == true)
        let bare = scene.send(.post, "/\(id)/promote?force=true")
        #expect(bare.status == 400 && bare["parameter"] == "reason")
        let answer = scene.send(.post, "/\(id)/promote?force=true&reason=new+zone")
        #expect(answer.status == 200 && answer["forced_reason"] == "new+zone")
        #expect(scene.audits.withLock { $0.last?.result } == "done by force: new+zone")
    }

    @Test("two operators promote at once: both are answered with the one result")
    func twoPromotes() throws {
        let scene = try RebuildScene()
        let id = try scene.start()
        scene.foldAll()
        let answers = (0..<4).map { _ in scene.begin(.post, "/\(id)/promote") }.map { $0() }
        #expect(answers.allSatisfy { $0.status == 200 && $0["revision"] == "2" })
        #expect(scene.partitions.allSatisfy { $0.calls.filter { $0 == "promote" }.count == 1 })
    }

    @Test("who comes second to another wish gets 409 that says what is in force; to the same wish, its result")
    func outrun() throws {
        for (act, status) in [(RebuildAct.cancel, 409), (.promote(accepted: 7), 200), (.pause, 409)] {
            let board = RacingBoard()
            let scene = try RebuildScene(board: board)
            let id = try scene.start()
            scene.foldAll()
            board.race { inner in
                guard let job = inner.jobs().first, let next = try? job.after(act, by: "rival", at: job.createdAt)
                else {
                    return
                }
                _ = inner.put(next)
            }
            let answer = scene.send(.post, "/\(id)/promote")
            #expect(answer.status == status, "\(act)")
            #expect(board.jobs().first?.changedBy == "rival")
        }
    }

    @Test("who is outrun while the generations are compared is told what is so, not that they cannot be compared")
    func outrunInTheMiddle() throws {
        for (act, status) in [(RebuildAct.promote(forced: "sure"), 200), (.cancel, 409)] {
            let scene = try RebuildScene()
            let id = try scene.start()
            let job = try #require(JobID(id))
            scene.foldAll()
            scene.partitions[0].whileComparing { [scene, disk = scene.partitions[0].disk] in
                guard let known = try? scene.board.jobs().first,
                    let next = try? known.after(act, by: "rival", at: known.createdAt)
                else { return }
                _ = try? scene.board.put(next)
                if status == 200 { disk.set(job, "live") }
            }
            let answer = scene.send(.post, "/\(id)/promote")
            #expect(answer.status == status, "\(answer.text)")
            if status == 200 { #expect(answer["forced_reason"] == "sure") }
            #expect(try scene.board.jobs().first?.changedBy == "rival")
        }
    }

    @Test("two start at once: one begins, the other is told of it")
    func startedAtOnce() throws {
        let board = RacingBoard()
        let scene = try RebuildScene(board: board)
        let rival = RebuildJob(by: "rival", after: nil, at: SystemClock().now)
        board.race { _ = $0.put(rival) }
        let answer = scene.send(.post, "/")
        #expect(answer.status == 409 && answer["rebuild"] == rival.id.text)
    }

    @Test("a promoted one is not rolled back under a newer one")
    func newer() throws {
        let scene = try RebuildScene()
        let first = try scene.start()
        scene.foldAll()
        #expect(scene.send(.post, "/\(first)/promote").status == 200)
        let second = try scene.start()
        let refused = scene.send(.post, "/\(first)/rollback")
        #expect(refused.status == 409 && refused["rebuild"] == second && refused["code"] == "newer")
        #expect(scene.send(.post, "/\(second)/cancel").status == 200)
        #expect(scene.send(.post, "/\(first)/rollback").status == 200)
    }

    @Test("holders that do not act in time are named, and the answer is 202")
    func slow() throws {
        let clock = ManualClock()
        let scene = try RebuildScene(clock: clock, runs: false)
        let job = RebuildJob(by: "a", after: nil, at: clock.now)
        #expect(try scene.board.put(job) == .taken)
        scene.keeper.step()
        let answer = scene.begin(.post, "/\(job.id)/pause")
        clock.waitForWaiters(1)
        clock.advance(milliseconds: RebuildDirector.waitMilliseconds)
        let slow = answer()
        #expect(slow.status == 202 && slow.items("waiting").map(\.text) == ["0", "1"] && slow["state"] == "paused")
        scene.keeper.step()
        #expect(scene.send(.post, "/\(job.id)/pause").status == 200)
    }

    @Test("a service that stops lets no answer wait for holders")
    func stopping() throws {
        let clock = ManualClock()
        let scene = try RebuildScene(clock: clock, runs: false)
        let answer = scene.begin(.post, "/")
        clock.waitForWaiters(1)
        scene.service.stop()
        #expect(answer().items("waiting").count == 2)
        #expect(scene.send(.get, "/").status == 503)
    }

    @Test("operators and admins for all sites alone may ask; every act is audited (SPEC 8.2)")
    func access() throws {
        let scene = try RebuildScene()
        for (key, status) in [
            ("", 401), (try scene.key(.viewer), 403), (try scene.key(.ingest), 403),
            (try scene.key(.operator, sites: ["plant"]), 403), (try scene.key(.admin), 200),
        ] { #expect(scene.send(.get, "/", key: key).status == status) }
        #expect(scene.send(.post, "/", key: try scene.key(.viewer)).status == 403)
        let id = try scene.start()
        #expect(scene.send(.post, "/\(id)/promote").status == 409)
        #expect(scene.send(.post, "/nobody/pause").status == 404)
        let audits = scene.audits.withLock { $0 }
        #expect(
            audits.map { "\($0.action) \($0.jobID): \($0.result)" } == [
                "start_rebuild : refused: 403", "start_rebuild \(id): done", "promote_rebuild \(id): refused: 409",
                "pause_rebuild nobody: refused: 404",
            ])
        #expect(audits.dropFirst().allSatisfy { !$0.keyID.isEmpty && $0.clientAddress == "127.0.0.1" })
    }

    @Test(
        "a malformed request is refused and names the parameter",
        arguments: [
            ("rate=fast", "rate"), ("rate=0", "rate"), ("rate=-1", "rate"),
            ("reason=\(String(repeating: "x", count: 1001))", "reason"),
            ("pace=auto", "pace"),
        ])
    func malformed(query: String, parameter: String) throws {
        let scene = try RebuildScene()
        let answer = scene.send(.post, "/?\(query)")
        #expect(answer.status == 400 && answer["parameter"] == parameter)
        #expect(try scene.board.jobs().isEmpty)
    }

    @Test("a promote with a malformed parameter changes nothing")
    func malformedPromote() throws {
        let scene = try RebuildScene()
        let id = try scene.start()
        scene.foldAll()
        for (query, parameter) in [
            ("accept_diff=-1", "accept_diff"), ("accept_diff=all", "accept_diff"), ("force=yes", "force"),
        ] {
            let answer = scene.send(.post, "/\(id)/promote?\(query)")
            #expect(answer.status == 400 && answer["parameter"] == parameter)
        }
        #expect(scene.send(.get, "/\(id)/diff?limit=1001")["parameter"] == "limit")
        #expect(scene.send(.get, "/No%20id").status == 404)
        #expect(try scene.board.jobs().first?.wanted == .running)
    }
}
