import Dispatch
import Synchronization
import Testing

@testable import Query

@Suite("The threads of questions") struct QueryPoolTests {
    @Test("jobs beyond the limit are refused, at the limit they run")
    func limit() {
        let pool = QueryPool(threadCount: 1, jobsMaximum: 3)
        let gate = DispatchSemaphore(value: 0)
        let begun = DispatchSemaphore(value: 0)
        let done = DispatchSemaphore(value: 0)
        #expect(
            pool.submit {
                begun.signal()
                gate.wait()
                done.signal()
            })
        begun.wait()
        for _ in 0..<3 { #expect(pool.submit { done.signal() }) }
        #expect(!pool.submit { Issue.record("a refused job ran") })
        gate.signal()
        for _ in 0..<4 { done.wait() }
        pool.stop()
    }

    @Test("what was taken before the stop still runs; nothing is taken after it")
    func stop() {
        let pool = QueryPool(threadCount: 2)
        let gate = DispatchSemaphore(value: 0)
        let done = DispatchSemaphore(value: 0)
        for _ in 0..<10 {
            #expect(
                pool.submit {
                    gate.wait()
                    done.signal()
                })
        }
        pool.stop()
        #expect(!pool.submit {})
        for _ in 0..<10 { gate.signal() }
        for _ in 0..<10 { done.wait() }
    }
}
