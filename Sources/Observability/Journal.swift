/// Something that happened in the process and that an operator may want to know.
///
/// Each module declares its events in one place, as static functions of an extension, e.g. `.appendFailed(error)`: so
/// names and fields are the same wherever an event is recorded, and a test can expect it.
public struct JournalEvent: Sendable, Equatable {
    public enum Level: String, Sendable, CaseIterable {
        case info
        /// It works, but somebody should know.
        case warning
        /// Something does not work.
        case error
    }

    public struct Field: Sendable, Equatable {
        /// Numbers stay numbers for programs.
        public enum Value: Sendable, Equatable {
            case text(String)
            case integer(Int64)
        }

        public var name: String
        public var value: Value
        /// Whether the message says it already, so that text for people leaves it out.
        public var isInMessage: Bool

        public init(_ name: String, _ value: some CustomStringConvertible, isInMessage: Bool = false) {
            self.init(name, .text(value.description), isInMessage)
        }

        public init(_ name: String, _ value: some BinaryInteger, isInMessage: Bool = false) {
            self.init(name, .integer(Int64(clamping: value)), isInMessage)
        }

        private init(_ name: String, _ value: Value, _ isInMessage: Bool) {
            self.name = name
            self.value = value
            self.isInMessage = isInMessage
        }
    }

    /// Stable name in snake_case, e.g. `append_failed`; events are counted by it, so it never holds a value.
    public let name: String
    public let level: Level
    /// One sentence for people, without a full stop.
    public let message: String
    /// Values for programs, in the order in which they are shown.
    public let fields: [Field]

    public init(_ name: StaticString, _ level: Level, _ message: String, _ fields: [Field] = []) {
        self.name = name.description
        self.level = level
        self.message = message
        self.fields = fields
    }
}

/// Where a module records its events. From any thread; returns at once.
public struct Journal: Sendable {
    private let sink: @Sendable (JournalEvent) -> Void

    public init(_ sink: @escaping @Sendable (JournalEvent) -> Void) { self.sink = sink }

    /// Records nothing.
    public static let silent = Journal { _ in }

    public func record(_ event: JournalEvent) { sink(event) }
}
