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
#endif
