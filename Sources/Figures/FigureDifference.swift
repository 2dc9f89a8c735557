/// A figure of an entity by its name, as an answer shows it.
package struct FigureMember: Equatable, Sendable {
    package var name: String
    package var value: FigureValue

    package init(_ name: String, _ value: FigureValue) {
        self.name = name
        self.value = value
    }

    /// One member for each figure, in the order of the list.
    package static func list<Values>(_ figures: [Figure<Values>], of values: Values) -> [FigureMember] {
        figures.map { FigureMember("\($0.name)", $0.value(values)) }
    }
}

extension FigureValue {
    /// This value minus another of the same figure, both as they are shown; nil where one of them is no number.
    package func minus(_ other: FigureValue) -> FigureValue? {
        switch (self, other) {
        case (.integer(let left), .integer(let right)): return .large(Int128(left) - Int128(right))
        case (.large(let left), .large(let right)): return .large(left - right)
        case (.decimal(let left), .decimal(let right)):
            guard left.decimals == right.decimals else { return nil }
            return .decimal(FixedPoint(scaled: left.scaled - right.scaled, decimals: left.decimals))
        default: return nil
        }
    }
}

/// The figures of one entity at two states of knowledge (SPEC 7.7).
package struct ComparedFigures: Equatable, Sendable {
    /// nil where the definition that was visible does not list the entity.
    package var a: [FigureMember]?
    /// Like ``a``.
    package var b: [FigureMember]?

    package init(a: [FigureMember]?, b: [FigureMember]?) {
        self.a = a
        self.b = b
    }

    package var differs: Bool { a != b }

    /// b − a for each member, null where one of them is null; nil where one side has no figures.
    package var difference: [FigureMember]? {
        guard let a, let b else { return nil }
        return zip(a, b).map { a, b in FigureMember(b.name, b.value.minus(a.value) ?? .null) }
    }

    /// Members that are null on one side alone: they differ, and nothing can be subtracted.
    package var withoutDifference: [String] {
        guard let a, let b else { return [] }
        return zip(a, b).compactMap { a, b in (a.value == .null) != (b.value == .null) ? b.name : nil }
    }
}
