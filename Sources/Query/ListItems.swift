internal import EventModel
internal import Figures

/// A worker of the list.
struct WorkerItem: Equatable, Sendable {
    var id: ArraySlice<UInt8>
    /// nil: the registry has no name.
    var name: String?
    var figures: WorkerFigures
    var presence: WorkerPresence
}

/// A workstation of the list.
struct WorkstationItem: Equatable, Sendable {
    var id: ArraySlice<UInt8>
    /// nil: the definition has no name.
    var name: String?
    var figures: WorkstationFigures
    var presence: WorkstationPresence
}

/// A member of a list's items, for sorting.
struct ItemField<Item>: Sendable {
    var name: String
    var value: @Sendable (Item) -> FigureValue

    init(_ name: String, _ value: @escaping @Sendable (Item) -> FigureValue) {
        self.name = name
        self.value = value
    }

    /// One field per figure.
    static func list<Values>(
        _ figures: [Figure<Values>], _ values: @escaping @Sendable (Item) -> Values
    ) -> [ItemField] {
        figures.map { figure in ItemField("\(figure.name)") { figure.value(values($0)) } }
    }
}

/// An item of a list that can be sorted and limited (SPEC 5.2).
protocol ListItem: Sendable {
    var id: ArraySlice<UInt8> { get }
    /// Every member, in the order of the answer.
    static var fields: [ItemField<Self>] { get }
}

extension WorkerItem: ListItem {
    static let fields: [ItemField<WorkerItem>] =
        [ItemField("worker_id") { .id($0.id) }, ItemField("worker_name") { $0.name.map { .text($0) } ?? .id($0.id) }]
        + ItemField.list(WorkerFigures.figures, \.figures)
        + ItemField.list([WorkerPresence.lastSeen] + WorkerPresence.current, \.presence)
}

extension WorkstationItem {
    /// What the definition says of the workstation, and its figures over a window.
    static let figures: [Figure<WorkstationFigures>] =
        [Figure("capacity", .count) { $0.capacity.map { .integer($0) } ?? .null }] + WorkstationFigures.figures
        + [WorkstationFigures.capacityOccupancy]
}

extension WorkstationItem: ListItem {
    static let fields: [ItemField<WorkstationItem>] =
        [
            ItemField("workstation_id") { .id($0.id) },
            ItemField("workstation_name") { $0.name.map { .text($0) } ?? .id($0.id) },
        ]
        + ItemField.list(figures, \.figures)
        + ItemField.list([WorkstationPresence.workers, WorkstationPresence.lastActivity], \.presence)
}

extension QueryParameters {
    /// The items in the order and number asked for: null last, ties by id (SPEC 5.2).
    /// - Parameter items: by id.
    func arranged<Item: ListItem>(_ items: [Item]) -> [Item] {
        var items = items
        if let sorting, let field = Item.fields.first(where: { $0.name == sorting.field }) {
            let keys = items.map { field.value($0) }
            let order = items.indices.sorted { left, right in
                if let isFirst = keys[left].precedes(keys[right], isDescending: sorting.isDescending) { return isFirst }
                return left < right
            }
            items = order.map { items[$0] }
        }
        return limit.map { Array(items.prefix($0)) } ?? items
    }
}

extension FigureValue {
    /// Whether this value comes first; nil where both are equal. Null is last in both directions.
    fileprivate func precedes(_ other: FigureValue, isDescending: Bool) -> Bool? {
        switch (isNull, other.isNull) {
        case (true, true): return nil
        case (false, true): return true
        case (true, false): return false
        case (false, false): break
        }
        if isBefore(other) { return !isDescending }
        return other.isBefore(self) ? isDescending : nil
    }

    private var isNull: Bool { self == .null }

    /// Values of one field have one unit. Texts and ids compare by bytes.
    private func isBefore(_ other: FigureValue) -> Bool {
        if let left = bytes, let right = other.bytes { return left.lexicographicallyPrecedes(right) }
        guard let left = number, let right = other.number else { return false }
        return left.isLess(than: right)
    }

    private var bytes: [UInt8]? {
        switch self {
        case .text(let text): Array(text.utf8)
        case .id(let id): Array(id)
        default: nil
        }
    }

    private var number: FixedPoint? {
        switch self {
        case .integer(let value), .time(let value): FixedPoint(scaled: Int128(value), decimals: 0)
        case .large(let value): FixedPoint(scaled: value, decimals: 0)
        case .decimal(let value): value
        case .null, .text, .id, .list: nil
        }
    }
}
