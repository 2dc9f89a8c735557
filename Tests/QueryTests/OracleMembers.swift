// Layer: oracle. The figures of an entity as the members of an answer (SPEC 5.2–5.4).
import Oracle

@testable import Query

extension OracleWorkerFigures {
    /// Without id, name, `current_…` and `last_…`.
    var members: [String: JSONText] {
        [
            "working_us": .integer(working), "idle_us": .integer(idle),
            "absent_us": .integer(absent), "unknown_us": .integer(unknown),
            "elapsed_us": .integer(elapsed), "total_active_time_hours": .decimal(.hours(working)),
            "total_idle_time_hours": .decimal(.hours(idle)),
            "total_absent_time_hours": .decimal(.hours(absent)),
            "utilization_percentage": .decimal(utilization),
            "presence_utilization_percentage": .decimal(presenceUtilization),
            "availability_percentage": .decimal(availability),
            "coverage_percentage": .decimal(coverage), "total_units_produced": .integer(units),
            "units_per_hour": .decimal(throughput),
        ]
    }
}

extension OracleWorkstationFigures {
    /// Without id, name, `current_…` and `last_…`.
    var members: [String: JSONText] {
        [
            "capacity": .integer(capacity), "present_us": .integer(present),
            "working_us": .integer(working), "elapsed_us": .integer(elapsed),
            "occupancy_time_hours": .decimal(.hours(present)),
            "occupancy_percentage": .decimal(occupancy),
            "capacity_occupancy_percentage": .decimal(capacityOccupancy),
            "utilization_percentage": .decimal(utilization),
            "total_units_produced": .integer(units), "throughput_rate": .decimal(efficiency),
        ]
    }
}

extension OracleFactoryFigures {
    /// Without the time range.
    var members: [String: JSONText] {
        [
            "total_productive_time_hours": .decimal(.hours(working)), "working_us": .integer(working),
            "elapsed_us": .integer(elapsed), "total_production_count": .integer(units),
            "average_utilization_percentage": .decimal(averageUtilization),
            "average_production_rate": .decimal(averageProductionRate),
            "active_workers": .integer(activeWorkers),
            "active_workstations": .integer(activeWorkstations), "target_units": .decimal(targetUnits),
            "target_variance_percentage": .decimal(targetVariance),
            "coverage_percentage": .decimal(coverage),
        ]
    }
}
