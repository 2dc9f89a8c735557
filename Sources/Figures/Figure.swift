/// One figure: its JSON name, its unit, its column heading, and how to compute it from `Values`.
///
/// Each figure is defined once, as a line in a list such as ``WorkerFigures/figures``. HTTP answers, metric records and
/// the tables of the command line all use that list.
package struct Figure<Values: Sendable>: Sendable {
    /// The JSON member, as SPEC 5 and 6 name it.
    package let name: StaticString
    package let unit: FigureUnit
    /// Column heading in tables for people; nil when tables omit the figure.
    package let title: String?
    package let value: @Sendable (Values) -> FigureValue

    package init(
        _ name: StaticString, _ unit: FigureUnit, _ title: String? = nil,
        _ value: @escaping @Sendable (Values) -> FigureValue
    ) {
        self.name = name
        self.unit = unit
        self.title = title
        self.value = value
    }

    /// The same figure under another name, for contexts where its own name would mean something else.
    package func named(_ name: StaticString) -> Figure { Figure(name, unit, title, value) }

    /// Its column in tables; nil when tables omit it.
    package var column: FigureColumn? { title.map { FigureColumn(name: "\(name)", title: $0, unit: unit) } }
}

/// The unit of a figure.
package enum FigureUnit: Sendable {
    case text, time, count, microseconds, hours, percent, perHour
    /// Planned units, which can be fractional.
    case units
    /// 0 to 1.
    case confidence

    /// Decimals in a table (SPEC 5.1, limited to what people can read); nil for values that are not numbers.
    package var decimals: Int? {
        switch self {
        case .text, .time: nil
        case .count, .microseconds: 0
        case .hours, .percent, .perHour, .units: 2
        case .confidence: 4
        }
    }
}

/// A column of a table: a figure without its values, because tables are rendered from an answer's JSON.
package struct FigureColumn: Equatable, Sendable {
    package var name: String
    package var title: String
    package var unit: FigureUnit

    package init(name: String, title: String, unit: FigureUnit) {
        self.name = name
        self.title = title
        self.unit = unit
    }
}

/// The value of a figure, ready for output.
package enum FigureValue: Equatable, Sendable {
    /// Unknown, or a ratio with denominator 0 (SPEC 5.1): null.
    case null
    case integer(Int64)
    /// A sum that may exceed 64 bits.
    case large(Int128)
    case decimal(FixedPoint)
    /// Microseconds since 1970.
    case time(Int64)
    case text(String)
    /// An id, as UTF-8.
    case id(ArraySlice<UInt8>)
    case list([Int64])

    static func decimal(orNone number: FixedPoint?) -> FigureValue { number.map(FigureValue.decimal) ?? .null }

    static func count(_ count: Int) -> FigureValue { .integer(Int64(count)) }

    static func time(orNone microseconds: Int64?) -> FigureValue { microseconds.map(FigureValue.time) ?? .null }

    static func id(orNone id: ArraySlice<UInt8>?) -> FigureValue { id.map(FigureValue.id) ?? .null }

    static func percentage(_ part: Int128, of whole: Int128) -> FigureValue {
        .decimal(orNone: .percentage(part, of: whole))
    }

    static func percentage(_ part: Int64, of whole: Int64) -> FigureValue {
        .percentage(Int128(part), of: Int128(whole))
    }

    static func rate(_ units: Int128, in microseconds: Int128) -> FigureValue {
        .decimal(orNone: .rate(units, inMicroseconds: microseconds))
    }

    static func hours(_ microseconds: Int128) -> FigureValue { .decimal(orNone: .hours(microseconds)) }

    static func hours(_ microseconds: Int64) -> FigureValue { .hours(Int128(microseconds)) }
}
