internal import EventModel

/// The verdicts that depend on created_at or on other requests (SPEC 2.3). The ``Sequencer``'s.
struct SequencerJudge {
    /// Window slots of the current request's ids; -1 if not looked up yet.
    private var slots: [SiteWindow.Slot] = []

    struct Verdicts {
        var accepted = 0
        var duplicates = 0
        /// Events of the batch that are not accepted, by rising index.
        var errors: [Rejection] = []
        /// Batch indexes of events that are not kept, most of which repeat one of their class.
        var dropped: [Int] = []
    }

    /// The last four verdicts of SPEC 2.3; sets the marks.
    ///
    /// - Parameters:
    ///   - stamp: created_at of the request.
    ///   - taken: Gets the keys that were added to the window, to be taken back if the append fails.
    mutating func judge(
        _ request: ParsedRequest, by roster: SiteRoster, _ site: SiteWindow, stamp: Timestamp,
        taking taken: inout [Sequencer.TakenKey]
    ) -> Verdicts {
        var verdicts = Verdicts()
        let latest = stamp.microseconds + roster.definition.maxFutureSeconds * Microseconds.second
        let threshold = roster.definition.confidenceThreshold.partsPerMillion
        // Moved out and back, so that the columns are not accessed through the object for every event.
        var batch = EventBatch(siteID: request.batch.siteID)
        swap(&batch, &request.batch)
        defer { swap(&batch, &request.batch) }
        slots.removeAll(keepingCapacity: true)
        slots.append(contentsOf: repeatElement(-1, count: batch.ids.count))
        let hashes = request.hashes
        var lastSource: UInt64?
        for event in 0..<batch.count {
            var mark = batch.marks[event]
            let time = batch.times[event]
            if mark == .accepted, time > latest || batch.confidences[event] < threshold {
                mark = time > latest ? .timestampInFuture : .lowConfidence
                batch.marks[event] = mark
            }
            let source = Source(event, of: batch, hashes)
            if mark.eventClass != .quarantined, source.hash != lastSource {
                guard site.admit(source) else {
                    verdicts.dropped.append(event)
                    verdicts.errors.append(.surplus(index: request.indexes[event], event, of: batch))
                    continue
                }
                lastSource = source.hash
            }
            let worker = Int(batch.workers[event])
            let slot = slot(of: worker, batch, hashes, site, isStranger: mark == .unknownWorker)
            var key = SiteWindow.key(time: time, type: batch.types[event])
            var isNew = true
            if mark.eventClass == .quarantined {
                isNew = !site.isKnownOfStranger(key, hash: hashes[worker])
                if slot == SiteWindow.stranger { key = SiteWindow.strangerKey(key, hash: hashes[worker]) }
            }
            isNew = isNew && site.insert(key, of: slot, mark.eventClass)
            if isNew {
                taken.append(Sequencer.TakenKey(slot: slot, eventClass: mark.eventClass, key: key))
            } else {
                verdicts.dropped.append(event)
            }
            if mark != .accepted {
                // Whether repeated or not, this is the first rule that it breaks.
                verdicts.errors.append(Rejection(index: request.indexes[event], mark: mark, event, of: batch))
            } else if isNew {
                verdicts.accepted += 1
            } else {
                verdicts.duplicates += 1
            }
        }
        return verdicts
    }

    @inline(__always)
    private mutating func slot(
        of worker: Int, _ batch: borrowing EventBatch, _ hashes: [UInt64], _ site: SiteWindow, isStranger: Bool
    ) -> SiteWindow.Slot {
        if slots[worker] != -1 { return slots[worker] }
        let range = batch.ids.range(of: worker)
        let slot = batch.ids.bytes.withUnsafeBytes { bytes in
            let id = UnsafeRawBufferPointer(rebasing: bytes[range])
            return isStranger
                ? site.strangerSlot(of: id, hash: hashes[worker]) : site.slot(of: id, hash: hashes[worker])
        }
        slots[worker] = slot
        return slot
    }
}
