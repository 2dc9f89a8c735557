internal import EventModel
internal import HTTPServer
internal import Observability

// What the log thread does about definitions whose append has an unknown outcome, and where nothing may be admitted.
extension LogThread {
    /// Why nothing is admitted now; nil: it is. Before it says so it asks the log for definitions of which it is not known
    /// whether they are in it: those that are come into force, although their answers said that they might not be.
    func refusal(_ box: SequencerBox) -> String? {
        if let refusal = box.refusal { return refusal }
        guard let uncertain = box.uncertain else { return nil }
        guard let found = take(uncertain, box) else {
            return "it is not known whether the log has a definition that was put before; send it again"
        }
        let journal = environment.journal
        for (_, roster) in found {
            environment.admission.directory.publish(roster, again: true)
            environment.registry.store(roster.placed) { error in
                if let error { journal.record(.registryNotWritten(roster.siteID, error.forOperator)) }
            }
        }
        return nil
    }

    func refuse(_ works: [Work], _ reason: String) {
        for work in works {
            environment.admission.settle(work.request, AdmissionOutcome(.unavailable))
            work.exchange.complete(IngestAnswer.unavailable(reason))
        }
    }

    /// Right after an append of unknown outcome: where the log says that it has a definition, the answer is that it is in
    /// force.
    func settle(_ uncertain: UncertainDefinitions, _ box: SequencerBox, _ outcomes: inout [AdmissionOutcome]) {
        box.uncertain = uncertain
        for (definition, roster) in take(uncertain, box) ?? [] {
            outcomes[definition.request] = AdmissionOutcome(.definition(roster, definition.change))
        }
    }

    /// Those that are in the log, adopted by the sequencer; nil while the log does not say.
    private func take(
        _ uncertain: UncertainDefinitions, _ box: SequencerBox
    ) -> [(PreparedDefinition, SiteRoster)]? {
        do {
            let found = try uncertain.found(in: environment.log, partition)
            box.uncertain = nil
            for (_, roster) in found { _ = box.sequencer.adopt(roster) }
            return found
        } catch {
            environment.journal.record(.definitionsUncertain(partition, error.forOperator))
            return nil
        }
    }
}
