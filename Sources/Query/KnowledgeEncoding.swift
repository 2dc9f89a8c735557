internal import EventModel
internal import Figures
internal import JSON

/// Encodes answers about what was known when (SPEC 7.7).
extension JSONWriter {
    mutating func history(_ page: HistoryPage) {
        list("items", page.items) { writer, item in
            writer.member("created_at", microseconds: item.createdAt)
            writer.member("position", item.position.description)
            writer.member("cause", item.cause.rawValue)
            writer.key("events")
            writer.object { writer in
                for events in item.events {
                    writer.key(events.type.name)
                    writer.integer(events.count)
                }
            }
            writer.key("definition")
            writer.integer(orNull: item.definition)
            writer.members("before", item.before)
            writer.members("after", item.after)
        }
    }

    mutating func compared(_ answer: ComparedAnswer) {
        side("a", answer.a)
        side("b", answer.b)
        list("workers", answer.workers) { writer, worker in
            writer.member("worker_id", id: worker.id)
            writer.name("worker_name", worker.name, id: worker.id)
            writer.compared(worker.figures)
        }
        list("workstations", answer.workstations) { writer, workstation in
            writer.member("workstation_id", id: workstation.id)
            writer.name("workstation_name", workstation.name, id: workstation.id)
            writer.compared(workstation.figures)
        }
        key("factory")
        object { $0.compared(answer.factory) }
        member("equal_workers", answer.equalWorkers)
        member("equal_workstations", answer.equalWorkstations)
    }

    private mutating func side(_ name: StaticString, _ side: ComparedAnswer.Side) {
        key(name)
        object { writer in
            writer.member("known_at", side.knownAt)
            writer.key("definition")
            writer.integer(orNull: side.definition)
        }
    }

    private mutating func compared(_ figures: ComparedFigures) {
        member("differs", figures.differs)
        members("a", figures.a)
        members("b", figures.b)
        members("difference", figures.difference)
        key("without_difference")
        array { writer in for name in figures.withoutDifference { writer.string(name) } }
    }

    /// An object of figures, or null.
    private mutating func members(_ name: StaticString, _ figures: [FigureMember]?) {
        key(name)
        guard let figures else { return null() }
        object { writer in
            for figure in figures {
                writer.key(figure.name)
                writer.figure(figure.value)
            }
        }
    }
}
