import EventModel
import Testing

@Test("verdicts are declared in the order in which the rules are tried (SPEC 2.3)")
func verdictOrder() {
    let codes = Verdict.allCases.sorted().map(\.code)
    #expect(codes.first == "invalid_json")
    #expect(Array(codes.suffix(4)) == ["timestamp_in_future", "low_confidence", "duplicate", "accepted"])
}
