#ifndef ANDON_CSQLITE_SHIM_H
#define ANDON_CSQLITE_SHIM_H
#include <sqlite3.h>

// Swift sees neither variadic functions nor macros that cast integers to pointers.

/// The connection will not checkpoint when it closes.
static inline int andon_sqlite_no_checkpoint_on_close(sqlite3 *database) {
    return sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}

/// Binds bytes that SQLite copies.
static inline int andon_sqlite_bind_blob_copied(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 count) {
    return sqlite3_bind_blob64(statement, index, bytes, count, SQLITE_TRANSIENT);
}

/// Binds bytes that stay where they are until the binding is replaced.
static inline int andon_sqlite_bind_blob_borrowed(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 count) {
    return sqlite3_bind_blob64(statement, index, bytes, count, SQLITE_STATIC);
}

/// Binds UTF-8 that SQLite copies.
static inline int andon_sqlite_bind_text_copied(sqlite3_stmt *statement, int index, const char *text, sqlite3_uint64 count) {
    return sqlite3_bind_text64(statement, index, text, count, SQLITE_TRANSIENT, SQLITE_UTF8);
}

/// Name of a file system for `sqlite3_open_v2` that puts a checksum at the end of every page of a database, and compares
/// it whenever a page is read. The database must keep ANDON_SQLITE_CHECK_BYTES of every page free, and have pages of
/// ANDON_SQLITE_CHECKED_PAGE_BYTES. A page that is not what was written is SQLITE_IOERR_DATA.
const char *andon_sqlite_checked_vfs(void);

/// What SQLite's calls return for a page that is not what was written.
static const int andon_sqlite_damaged_page = SQLITE_IOERR_DATA;

/// What the name of a database's underlay ends with: the file that pages are read from which the database does not have
/// itself. The database is as long as that one, or longer.
#define ANDON_SQLITE_UNDERLAY ".underlay"

#define ANDON_SQLITE_CHECK_BYTES 4
#define ANDON_SQLITE_CHECKED_PAGE_BYTES 4096

/// Keeps the last bytes of every page of a new database free for checksums.
int andon_sqlite_reserve_check_bytes(sqlite3 *database);

/// Compares pages of a database that was opened with the checked file system, without taking a lock.
///
/// Pages count from 1. `*damaged` is the first page that is not what was written, 0 where all are.
/// Returns SQLITE_OK, SQLITE_DONE where the file ends before the last of them, or why a page cannot be read.
int andon_sqlite_check_pages(sqlite3 *database, sqlite3_int64 first, sqlite3_int64 count, sqlite3_int64 *damaged);
#endif
