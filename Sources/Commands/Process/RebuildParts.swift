internal import Access
internal import Cluster
internal import EventModel
internal import HTTPServer
internal import Projector
internal import Replay

/// Rebuilds as a part of a process: carries out what is wanted for the partitions held here, and answers operators.
struct RebuildParts {
    /// To be listed after what folds: it stops before that.
    let part: ServicePart

    /// For `andon up`: one partition, and what is wanted stands in a file.
    /// - Throws: ``CommandFailure``
    init(
        _ projector: Projector, _ directory: DataDirectory, _ access: AccessControl, _ journal: StructuredLog
    ) throws {
        let board = try explaining("cannot open the rebuilds in '\(directory.path)'") {
            try JobStore(path: directory.jobs, journal: journal.journal)
        }
        let partition = projector.partition
        let keeper = RebuildKeeper(board: board, journal: journal.journal) { [partition: projector] }
        let holders = LocalRebuildHolders(keeper, partitions: [partition])
        let service = Self.service(board, holders, access, journal)
        part = ServicePart(
            routes: service.routes,
            start: { keeper.start() },
            stop: {
                service.stop()
                keeper.stop()
            })
    }

    /// For a worker: the partitions that it holds, and the processes of its cluster.
    init(
        _ cluster: ClusterParts, _ partitions: WorkerPartitions, _ forwarded: ForwardedAccess, _ journal: StructuredLog
    ) {
        let all = (0..<cluster.log.partitionCount).map { PartitionIndex($0) }
        let keeper = RebuildKeeper(board: cluster.jobs, journal: journal.journal) {
            var held: [PartitionIndex: any RebuildablePartition] = [:]
            for partition in all { held[partition] = partitions.projector(of: partition) }
            return held
        }
        let holders = ClusterRebuildHolders(
            table: cluster.holders, partitionCount: cluster.log.partitionCount, keeper: keeper,
            journal: journal.journal)
        let service = Self.service(cluster.jobs, holders, cluster.access, journal)
        let own = RebuildHolderRoutes(board: cluster.jobs, keeper: keeper, access: forwarded)
        part = ServicePart(
            routes: service.routes + own.routes,
            start: { keeper.start() },
            stop: {
                service.stop()
                own.stop()
                holders.stop()
                keeper.stop()
            })
    }

    /// For a gateway, which holds nothing.
    init(_ cluster: ClusterParts, _ journal: StructuredLog) {
        let holders = ClusterRebuildHolders(
            table: cluster.holders, partitionCount: cluster.log.partitionCount, keeper: nil, journal: journal.journal)
        let service = Self.service(cluster.jobs, holders, cluster.access, journal)
        part = ServicePart(
            routes: service.routes,
            stop: {
                service.stop()
                holders.stop()
            })
    }

    private static func service(
        _ board: any JobBoard, _ holders: any RebuildHolders, _ access: AccessControl, _ journal: StructuredLog
    ) -> RebuildService {
        var parts = RebuildService.Parts(board: board, holders: holders, access: access)
        parts.audit = { record in journal.write(.audit(record)) }
        return RebuildService(parts)
    }
}

extension DataDirectory {
    /// What is wanted of rebuilds.
    var jobs: String { path + "/jobs.sqlite" }
}

extension DirectoryTrouble {
    static func jobs(_ directory: DataDirectory, _ error: ReplayError) -> DirectoryTrouble {
        let isDamaged = error.code == .jobsDamaged
        return DirectoryTrouble(
            part: .jobs, exitCode: isDamaged ? nil : .failure,
            what: "cannot use the rebuilds in '\(directory.path)'", why: error.message,
            next: isDamaged
                ? "andon up puts them aside as jobs.sqlite.damaged; start a rebuild again with andon rebuild start"
                : error.hint ?? "make \(directory.jobs) readable for this user")
    }
}
