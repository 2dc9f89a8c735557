package import EventModel
package import JSON

/// Encodes figures as JSON, for HTTP answers and for the records of metric topics.
extension JSONWriter {
    /// Writes one member per figure, in the order of the list.
    package mutating func figures<Values>(_ figures: [Figure<Values>], of values: Values) {
        for figure in figures {
            key(figure.name)
            self.figure(figure.value(values))
        }
    }

    /// Writes one value; its key is already written.
    package mutating func figure(_ value: FigureValue) {
        switch value {
        case .null: null()
        case .integer(let number): integer(number)
        case .large(let number): raw(String(number).utf8)
        case .decimal(let number): decimal(number)
        case .time(let microseconds): time(Timestamp(microseconds: microseconds))
        case .text(let text): string(text)
        case .id(let id): string(utf8: id)
        case .list(let numbers): array { writer in for number in numbers { writer.integer(number) } }
        }
    }

    package mutating func member(_ name: StaticString, _ value: FigureValue) {
        key(name)
        figure(value)
    }

    /// Writes an instant, or null when there is none.
    package mutating func member(_ name: StaticString, _ time: Timestamp?) {
        key(name)
        if let time { self.time(time) } else { null() }
    }

    package mutating func member(_ name: StaticString, microseconds: Int64?) {
        member(name, microseconds.map(Timestamp.init(microseconds:)))
    }

    /// Writes an id, or null when there is none.
    package mutating func member(_ name: StaticString, id: ArraySlice<UInt8>?) {
        key(name)
        if let id { string(utf8: id) } else { null() }
    }

    /// Writes an exact number in its shortest form (SPEC 5.1).
    private mutating func decimal(_ value: FixedPoint) {
        let number = value.shortest
        if let scaled = Int64(exactly: number.scaled) {
            fixed(scaled, decimals: number.decimals)
        } else {
            raw(number.text.utf8)
        }
    }

    /// 27 bytes that need no escaping.
    private mutating func time(_ time: Timestamp) {
        var text: [UInt8] = [UInt8(ascii: "\"")]
        text.reserveCapacity(29)
        time.appendFormatted(to: &text)
        text.append(UInt8(ascii: "\""))
        raw(text)
    }
}

extension EventType {
    /// The JSON name.
    package var text: String { "\(name)" }
}
