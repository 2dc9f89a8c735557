internal import EventModel
internal import JSON

/// An item of a list, encoded as answers encode it.
struct LiveItem: Equatable, Sendable {
    /// What tells it from the others of its list; texts compare by bytes.
    var id: [UInt8]
    var json: [UInt8]
}

/// What a topic looks like at one position.
struct LiveAnswer: Sendable {
    enum Body: Sendable {
        /// The members of an object answer, with a comma behind them.
        case object([UInt8])
        case list([LiveItem])
        case events(NewEvents)
    }

    /// Winners in the order in which they arrived.
    struct NewEvents: Sendable {
        struct Event: Sendable {
            var offset: LogOffset
            var item: EventItem
            /// Whether it lies in the window.
            var isAsked: Bool
        }

        /// Those since the offset that was asked for, at most as many as one change tells.
        var recent: [Event]
        /// All that the site ever had.
        var winners: Int64
        /// The members of the whole answer, with a comma behind them; nil where nobody needs it.
        var page: [UInt8]?
    }

    var body: Body
    /// The offset after the site's last record.
    var offset: LogOffset
    /// Where the window begins: items of another window replace all that were before.
    var windowStart: Timestamp?
    /// For `id`: the positions.
    var id: [UInt8]
    /// The member `meta`.
    var meta: [UInt8]
}
