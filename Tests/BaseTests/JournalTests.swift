import Observability
import Testing

@Suite("Journal events")
struct JournalTests {
    @Test("numbers stay numbers, whatever their type; all else is text")
    func fields() {
        typealias Field = JournalEvent.Field
        #expect(
            [Field("a", 5).value, Field("a", UInt8(5)).value, Field("a", Int64(5)).value] == [
                .integer(5), .integer(5), .integer(5),
            ])
        #expect(Field("a", UInt64.max).value == .integer(.max))
        #expect(Field("a", "5").value == .text("5") && Field("a", 0.5).value == .text("0.5"))
    }
}
