import EventModel
import Testing

@Test("SPEC 2.3: verdicts stand in the order in which the rules are tried")
func verdictOrder() {
    let codes = Verdict.allCases.sorted().map(\.code)
    #expect(codes.first == "invalid_json")
    #expect(Array(codes.suffix(4)) == ["timestamp_in_future", "low_confidence", "duplicate", "accepted"])
}
