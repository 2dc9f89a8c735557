internal import EventModel

// What the sequencer keeps of a prepared group until the log has decided.
extension Sequencer {
    struct Prepared {
        /// Index of this request's record in the group.
        var record: Int?
        /// The answer once the group is durable; its position is still missing.
        var outcome: AdmissionOutcome
        /// Where its added keys are stored, and which of ``takenKeys`` they are.
        var window: SiteWindow?
        var taken = 0..<0
    }

    struct TakenKey {
        var slot: SiteWindow.Slot
        var eventClass: EventClass
        var key: Int64
    }
}
