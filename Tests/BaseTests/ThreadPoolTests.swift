import Locks
import Testing

@Suite("Threads and hand-over")
struct ThreadPoolTests {
    @Test("a pool runs jobs up to its limits and refuses those beyond them", .timeLimit(.minutes(10)))
    func limit() {
        let gate = Latch()
        let begun = Monitor(0)
        let done = Monitor<[Int]>([])
        let pool = ThreadPool<Int>("test", threadsMaximum: 2, waitingMaximum: 3) {
            { job in
                begun.update { $0 += 1 }
                gate.wait()
                done.update { $0.append(job) }
            }
        }
        for job in 0..<2 {
            #expect(pool.submit(job))
            begun.wait { $0 == job + 1 ? () : nil }
        }
        for job in 2..<5 { #expect(pool.submit(job)) }
        #expect(!pool.submit(5))
        gate.open()
        #expect(done.wait { $0.count == 5 ? $0.sorted() : nil } == [0, 1, 2, 3, 4])
        pool.close()
        pool.join()
    }

    @Test("jobs that were taken before a close still run, and none after it", .timeLimit(.minutes(10)))
    func close() {
        let gate = Latch()
        let done = Monitor(0)
        let pool = ThreadPool<Int>("test", threadsMaximum: 2, waitingMaximum: 10) {
            { _ in
                gate.wait()
                done.update { $0 += 1 }
            }
        }
        for job in 0..<8 { #expect(pool.submit(job)) }
        pool.close()
        #expect(!pool.submit(8))
        gate.open()
        pool.join()
        #expect(done.withLock { $0 } == 8)
    }

    @Test("a cancelled pool gives back the jobs that wait, and ends after those under way", .timeLimit(.minutes(10)))
    func cancel() {
        let gate = Latch()
        let begun = Latch()
        let done = Monitor<[Int]>([])
        let pool = ThreadPool<Int>("test", threadsMaximum: 1, waitingMaximum: 10) {
            { job in
                begun.open()
                gate.wait()
                done.update { $0.append(job) }
            }
        }
        #expect(pool.submit(0))
        begun.wait()
        for job in 1..<4 { #expect(pool.submit(job)) }
        #expect(pool.cancel() == [1, 2, 3])
        #expect(!pool.submit(4))
        gate.open()
        pool.join()
        #expect(done.withLock { $0 } == [0])
    }

    @Test("each thread of a pool has a handler of its own, and idle threads are used again", .timeLimit(.minutes(10)))
    func reuse() {
        let handlers = Monitor(0)
        let done = Monitor(0)
        let pool = ThreadPool<Int>("test", threadsMaximum: 4, waitingMaximum: 1) {
            handlers.update { $0 += 1 }
            return { _ in done.update { $0 += 1 } }
        }
        for job in 1...1000 {
            #expect(pool.submit(job))
            done.wait { $0 == job ? () : nil }
        }
        pool.close()
        pool.join()
        #expect((1...4).contains(handlers.withLock { $0 }))
    }

    @Test("jobs from many threads at once run once each", .timeLimit(.minutes(10)))
    func concurrent() {
        let done = Monitor<[Int]>([])
        let pool = ThreadPool<Int>("test", threadsMaximum: 3, waitingMaximum: 1000) {
            { job in done.update { $0.append(job) } }
        }
        let senders = (0..<4).map { sender in
            BackgroundThread.start("sender") { for job in 0..<200 { _ = pool.submit(sender * 200 + job) } }
        }
        for sender in senders { sender.join() }
        pool.close()
        pool.join()
        #expect(done.withLock { $0.sorted() } == Array(0..<800))
    }

    @Test("a latch lets everybody through once it is open, and times out before", .timeLimit(.minutes(10)))
    func latch() {
        let latch = Latch()
        #expect(!latch.isOpen && !latch.wait(milliseconds: 0))
        let passed = Monitor(0)
        let threads = (0..<3).map { _ in
            BackgroundThread.start("waiter") {
                latch.wait()
                passed.update { $0 += 1 }
            }
        }
        latch.open()
        latch.open()
        for thread in threads { thread.join() }
        #expect(passed.withLock { $0 } == 3)
        #expect(latch.isOpen && latch.wait(milliseconds: 0))
    }
}
