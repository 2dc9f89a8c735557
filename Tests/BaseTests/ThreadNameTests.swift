// Layer: real threads, asked of the kernel.
import Foundation
import Testing

@testable import Locks

@Suite("Names and niceness of threads")
struct ThreadNameTests {
    /// What the kernel calls the thread that asks.
    private static func ownName() -> String {
        let name = try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
        return (name ?? "").trimmingCharacters(in: .newlines)
    }

    private static func name(inThread name: String) -> String {
        let found = Monitor<String?>(nil)
        BackgroundThread.start(name) { found.update { $0 = ownName() } }
        return found.wait { $0 }
    }

    @Test("the kernel knows a thread by the name that it was started with, and the one that started it by its own")
    func kernel() {
        let before = Self.ownName()
        #expect(Self.name(inThread: "fold-7") == "fold-7")
        #expect(Self.ownName() == before)
    }

    @Test("a thread that gives way has a niceness of its own, and the one that started it keeps its")
    func givesWay() {
        let before = BackgroundThread.ownNiceness
        let found = Monitor<Int32?>(nil)
        BackgroundThread.start("copy") {
            BackgroundThread.giveWay()
            BackgroundThread.giveWay()
            found.update { $0 = BackgroundThread.ownNiceness }
        }
        #expect(found.wait { $0 } == max(before, BackgroundThread.niceness))
        #expect(BackgroundThread.ownNiceness == before)
    }

    @Test("threads of a pool are told apart by their numbers", .timeLimit(.minutes(10)))
    func pool() {
        let names = Monitor<Set<String>>([])
        let pool = ThreadPool<Int>("query", threadsMaximum: 3, waitingMaximum: 3) {
            { _ in
                names.update { _ = $0.insert(Self.ownName()) }
                // Nobody goes on before all have begun, so each job has a thread of its own.
                names.wait { $0.count == 3 ? () : nil }
            }
        }
        for job in 0..<3 { #expect(pool.submit(job)) }
        pool.close()
        pool.join()
        #expect(names.withLock { $0 } == ["query-0", "query-1", "query-2"])
    }

    @Test(
        "a name that is too long is cut before its number; what the kernel would not show is replaced",
        arguments: [
            ("registry-repair", "registry-repair"), ("holder-announcer", "holder-announce"),
            ("freshness-held-12", "freshness-he-12"), ("an-old-generation-3", "an-old-genera-3"),
            ("a b\u{e9}", "a?b??"), ("1234567890-1234567890123456", "1234567890-1234"),
            ("ends-with-a-dash-", "ends-with-a-das"),
        ])
    func cut(_ name: String, _ shown: String) {
        let fitted = BackgroundThread.fitted(name)
        #expect(fitted == shown && fitted.utf8.count <= BackgroundThread.nameBytesMaximum)
    }
}
