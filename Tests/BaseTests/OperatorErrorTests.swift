import Observability
import Testing

@Suite("Words for those who run Andon")
struct OperatorErrorTests {
    private struct DiskError: OperatorError {
        var name: String { "disk" }
        var message = "the disk is full"
        var hint: String? = "free some space"
        var isRetriable = true
    }

    private struct Foreign: Error {}

    @Test("a module's error keeps its hint and whether it passes, whatever the static type")
    func conforming() {
        let error: any Error = DiskError()
        #expect(error.forOperator.isRetriable && error.forOperator.hint == "free some space")
        #expect("\(error)" == "the disk is full; free some space")
        #expect("\(DiskError(hint: nil))" == "the disk is full")
    }

    @Test("an error that nobody wrapped is unexpected, and trying again is not offered")
    func foreign() {
        let error = (Foreign() as any Error).forOperator
        #expect(error.name == "unexpected" && !error.isRetriable && error.hint == nil)
        #expect(error.message.contains("Foreign"))
    }
}
