import EventModel
import Oracle

/// The figures of a site in one window as plain numbers, so that a fold, an oracle and a topic can be compared.
struct FigureSheet: Equatable, CustomStringConvertible {
    /// working, idle, absent and units; those without any are left out.
    var workers: [String: [Int64]] = [:]
    /// present, working and units; those without any are left out.
    var workstations: [String: [Int64]] = [:]
    var activeWorkers = 0
    var activeWorkstations = 0

    init() {}

    init(_ view: OracleView, _ window: OracleWindow) {
        for (worker, figures) in view.allWorkers(window) {
            add(worker.text, [figures.working, figures.idle, figures.absent, figures.units], to: &workers)
        }
        for (station, figures) in view.allWorkstations(window) {
            add(station.text, [figures.present, figures.working, figures.units], to: &workstations)
        }
        let factory = view.factory(window)
        (activeWorkers, activeWorkstations) = (factory.activeWorkers, factory.activeWorkstations)
    }

    func add(_ id: String, _ numbers: [Int64], to table: inout [String: [Int64]]) {
        if numbers.contains(where: { $0 != 0 }) { table[id] = numbers }
    }

    var description: String {
        func lines(_ table: [String: [Int64]]) -> String {
            table.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        }
        return
            "workers \(lines(workers)); stations \(lines(workstations)); active \(activeWorkers), \(activeWorkstations)"
    }
}
