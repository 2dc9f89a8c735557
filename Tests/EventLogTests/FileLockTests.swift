import EventLogContract
import Glibc
import Locks
import TestKit
import Testing

@Suite("The lock of a log's file")
struct FileLockTests {
    @Test("a refused lock closes its own descriptor, once, and none that another thread has opened meanwhile")
    func closesOnce() throws {
        let folder = try TemporaryFolder()
        let held = try FileLock(path: folder.file("log.lock"))
        let lost = Guarded(0)
        let refusals = Guarded(0)
        try inThreads(2) { thread in
            for _ in 0..<20_000 {
                if thread == 0 {
                    do throws(FileLockFailure) { _ = try FileLock(path: folder.file("log.lock")) } catch {
                        if case .inUse = error { refusals.withLock { $0 += 1 } }
                    }
                } else {
                    let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
                    if close(descriptor) != 0 { lost.withLock { $0 += 1 } }
                }
            }
        }
        #expect(refusals.withLock { $0 } == 20_000)
        #expect(lost.withLock { $0 } == 0)
        withExtendedLifetime(held) {}
    }
}
