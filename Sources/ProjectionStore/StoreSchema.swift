/// The tables of a projection store. One file holds one partition.
enum StoreSchema {
    /// Version of tables and blobs. A file with another version is rebuilt, not read (DESIGN 1.11).
    static let format: Int64 = 4
    /// Version of the fold: changes when the same records produce different rows.
    static let fold: Int64 = 1
    /// Version of the SPEC that defines the figures in the rows.
    static let spec: Int64 = 2

    /// `page` has a row id, so that a blob of up to 4057 bytes fits into one database page.
    static let tables = """
        CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
        CREATE TABLE site (number INTEGER PRIMARY KEY, site_id BLOB NOT NULL, received INTEGER NOT NULL,
            folded INTEGER NOT NULL, duplicates INTEGER NOT NULL, low_confidence INTEGER NOT NULL,
            quarantined INTEGER NOT NULL, definitions INTEGER NOT NULL, ttl INTEGER NOT NULL, anchor INTEGER NOT NULL,
            rederive_cursor INTEGER NOT NULL, bucket_floor INTEGER NOT NULL, next_offset INTEGER NOT NULL,
            newest_event INTEGER NOT NULL, newest_quarantined INTEGER NOT NULL);
        CREATE TABLE id (site INTEGER NOT NULL, kind INTEGER NOT NULL, number INTEGER NOT NULL, bytes BLOB NOT NULL,
            PRIMARY KEY (site, kind, number)) WITHOUT ROWID;
        CREATE TABLE source (site INTEGER NOT NULL, number INTEGER NOT NULL, station INTEGER NOT NULL,
            camera INTEGER NOT NULL, model_version INTEGER NOT NULL, PRIMARY KEY (site, number)) WITHOUT ROWID;
        CREATE TABLE definition (site INTEGER NOT NULL, sequence INTEGER NOT NULL, log_offset INTEGER NOT NULL,
            record BLOB NOT NULL, PRIMARY KEY (site, sequence));
        CREATE TABLE page (id INTEGER PRIMARY KEY, line INTEGER NOT NULL, fence INTEGER NOT NULL, blob BLOB NOT NULL);
        CREATE UNIQUE INDEX page_of_line ON page (line, fence);
        CREATE TABLE hour (site INTEGER NOT NULL, kind INTEGER NOT NULL, hour INTEGER NOT NULL, entity INTEGER NOT NULL,
            working INTEGER NOT NULL, idle INTEGER NOT NULL, absent INTEGER NOT NULL, units INTEGER NOT NULL,
            changed INTEGER NOT NULL, newest INTEGER NOT NULL, withdrawn INTEGER NOT NULL,
            PRIMARY KEY (site, kind, hour, entity)) WITHOUT ROWID;
        CREATE TABLE stay (site INTEGER NOT NULL, scale INTEGER NOT NULL, start INTEGER NOT NULL,
            worker INTEGER NOT NULL, ending INTEGER NOT NULL, state INTEGER NOT NULL, station INTEGER NOT NULL,
            changed INTEGER NOT NULL, PRIMARY KEY (site, scale, start, worker)) WITHOUT ROWID;
        CREATE TABLE health (site INTEGER NOT NULL, hour INTEGER NOT NULL, source INTEGER NOT NULL,
            samples INTEGER NOT NULL, confidence_sum INTEGER NOT NULL, marked INTEGER NOT NULL, bins BLOB NOT NULL,
            changed INTEGER NOT NULL, PRIMARY KEY (site, hour, source)) WITHOUT ROWID;
        CREATE TABLE changed_hour (site INTEGER NOT NULL, kind INTEGER NOT NULL, hour INTEGER NOT NULL,
            ending INTEGER NOT NULL, generation INTEGER NOT NULL, PRIMARY KEY (site, kind, hour)) WITHOUT ROWID;
        CREATE INDEX changed_since ON changed_hour (generation);
        CREATE TABLE quarantined (log_offset INTEGER NOT NULL, place INTEGER NOT NULL, site INTEGER NOT NULL,
            worker BLOB NOT NULL, workstation BLOB NOT NULL, camera BLOB, model_version BLOB, key INTEGER NOT NULL,
            detail INTEGER NOT NULL, created_at INTEGER NOT NULL, winner INTEGER NOT NULL,
            PRIMARY KEY (log_offset, place)) WITHOUT ROWID;
        CREATE INDEX quarantined_newest ON quarantined (site, created_at DESC, log_offset, place) WHERE winner = 1;
        CREATE INDEX quarantined_key ON quarantined (site, worker, key) WHERE winner = 1;
        CREATE TABLE arrival (site INTEGER NOT NULL, span INTEGER NOT NULL, created_at INTEGER NOT NULL,
            winners INTEGER NOT NULL, newest_event INTEGER NOT NULL,
            PRIMARY KEY (site, span, created_at)) WITHOUT ROWID;
        """

    /// Values of `arrival.span`. A question about the past reads the hours before its own, and single rows of that one.
    enum ArrivalSpan: Int64 {
        case single = 0
        /// The row of an hour of created_at has the time at which the hour begins.
        case hour = 1
    }

    /// Values of `id.kind`.
    enum IDKind: Int64 {
        case worker = 0
        case station = 1
        case name = 2
    }
}
