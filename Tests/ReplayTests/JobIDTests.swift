// Layer: machine.
import Replay
import Testing

@Suite("A job has a name that is safe in paths, keys and commands")
struct JobIDTests {
    @Test("takes 1 to 64 small letters, digits and hyphens")
    func isNamed() {
        #expect(JobID("2026-11-25-a")?.text == "2026-11-25-a")
        #expect(JobID(String(repeating: "a", count: 64)) != nil)
        for wrong in ["", "A", "a/b", "..", "ü", "a b", String(repeating: "a", count: 65)] {
            #expect(JobID(wrong) == nil)
        }
    }
}
