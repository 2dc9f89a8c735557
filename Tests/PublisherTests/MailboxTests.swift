import EventLog
import EventModel
import Foundation
import Locks
import Testing

@testable import Publisher

@Suite("A publisher's mailbox")
struct MailboxTests {
    @Test(
        "a handler that waits at a full mailbox is let go while followings end, and leaves nothing",
        .timeLimit(.minutes(10)))
    func fullMailbox() {
        let mailbox = PublisherMailbox()
        let record = FollowedRecord(
            position: RecordPosition(partition: PartitionIndex(0), offset: .zero), key: [1], value: nil, headers: [],
            timestamp: Timestamp(microseconds: 0))
        for _ in 0..<PublisherConfiguration.followedMaximum { mailbox.follow(.worker, record) }
        let hasReturned = Monitor(false)
        let handler = Thread {
            mailbox.follow(.worker, record)
            hasReturned.update { $0 = true }
        }
        handler.start()
        // As a following's stop does: it waits for the handler.
        mailbox.droppingFollowed { hasReturned.wait { $0 ? () : nil } }
        #expect(mailbox.take().followed.isEmpty)
        mailbox.follow(.worker, record)
        #expect(mailbox.take().followed.count == 1)
    }
}
