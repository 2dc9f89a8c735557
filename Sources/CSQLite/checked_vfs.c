// A file system of SQLite in which every page of a database carries a checksum.
//
// SQLite keeps the last bytes of each page free when it is asked to. Here they hold a CRC-32C of the rest and of the
// page's number, written with the page and compared when it is read: so no wrong bit of the file, and no page in the
// place of another, reaches anyone. Frames of a write-ahead log carry checksums of SQLite's own; only databases are
// wrapped, all else goes straight to the file system below.
//
// A database may lie over another file, its underlay: "NAME.underlay" beside it. Pages that were never written to the
// database are holes in its file and are read from the underlay, which nobody changes. So a store begins with all that a
// snapshot holds, without a copy.
#include "shim.h"

#include "checksum.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    page_bytes = ANDON_SQLITE_CHECKED_PAGE_BYTES,
    content_bytes = ANDON_SQLITE_CHECKED_PAGE_BYTES - ANDON_SQLITE_CHECK_BYTES,
    /// A checkpoint may write a page while it is read without a lock: then it is another one a little later, at the
    /// latest when the thread that writes it has run again.
    attempts_maximum = 20,
    attempt_nanoseconds = 1000000,
    /// Where page 1 says how many bytes of each page are free.
    reserve_offset = 20,
    /// Pages that are read at once where all of them are compared.
    pages_per_read = 16,
};

/// The file below follows in memory.
typedef struct {
    sqlite3_file base;
    /// The file has at least this many bytes; what this connection has seen.
    sqlite3_int64 size;
    /// The open underlay and its length; -1 and 0 without one.
    int underlay;
    sqlite3_int64 underlay_size;
} checked_file;

static sqlite3_file *below(sqlite3_file *file) { return (sqlite3_file *)((checked_file *)file + 1); }

// MARK: Pages

static uint32_t checksum(const uint8_t *page, sqlite3_int64 number) {
    return andon_crc32c(page, content_bytes) ^ ((uint32_t)number * 2654435761u);
}

static int is_sound(const uint8_t *page, sqlite3_int64 number) {
    uint32_t stored;
    memcpy(&stored, page + content_bytes, sizeof stored);
    return stored == checksum(page, number);
}

static int is_blank(const uint8_t *page) {
    for (int byte = 0; byte < page_bytes; byte++) {
        if (page[byte] != 0) return 0;
    }
    return 1;
}

static int read_underlay(const checked_file *checked, uint8_t *page, sqlite3_int64 offset) {
    for (int done = 0; done < page_bytes;) {
        ssize_t count = pread(checked->underlay, page + done, (size_t)(page_bytes - done), offset + done);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return SQLITE_IOERR_READ;
        done += (int)count;
    }
    return SQLITE_OK;
}

/// Reads one page, which begins at a multiple of its size. Past the end it is blank, with SQLITE_IOERR_SHORT_READ.
static int read_page(checked_file *checked, uint8_t *page, sqlite3_int64 offset, int has_lock) {
    sqlite3_file *file = below(&checked->base);
    for (int attempt = 0; attempt < (has_lock ? 1 : attempts_maximum); attempt++) {
        if (attempt > 0) {
            struct timespec pause = {0, attempt_nanoseconds};
            nanosleep(&pause, 0);
        }
        int code = file->pMethods->xRead(file, page, page_bytes, offset);
        if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) return code;
        if (code == SQLITE_IOERR_SHORT_READ && is_blank(page)) return code;
        // Every page that was written has a checksum, a blank one too: this one is a hole.
        if (code == SQLITE_OK && offset < checked->underlay_size && is_blank(page)) {
            code = read_underlay(checked, page, offset);
            if (code != SQLITE_OK) return code;
        }
        if (is_sound(page, offset / page_bytes + 1)) return SQLITE_OK;
    }
    return SQLITE_IOERR_DATA;
}

/// Writes one page with its checksum.
static int write_page(sqlite3_file *file, uint8_t *page, sqlite3_int64 offset) {
    uint32_t sum = checksum(page, offset / page_bytes + 1);
    memcpy(page + content_bytes, &sum, sizeof sum);
    return file->pMethods->xWrite(file, page, page_bytes, offset);
}

/// Makes the file at least `size` bytes long. SQLite never writes a page that it gave up in the transaction that made it:
/// it would stay blank, without a checksum, and could not be told from one that the disk has lost.
static int extend(checked_file *file, sqlite3_int64 size) {
    if (size <= file->size) return SQLITE_OK;
    int code = below(&file->base)->pMethods->xFileSize(below(&file->base), &file->size);
    file->size -= file->size % page_bytes;
    uint8_t page[page_bytes];
    while (code == SQLITE_OK && file->size < size) {
        memset(page, 0, sizeof page);
        code = write_page(below(&file->base), page, file->size);
        if (code == SQLITE_OK) file->size += page_bytes;
    }
    return code;
}

// MARK: Methods of a file

static int checked_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset) {
    if (count == page_bytes && offset % page_bytes == 0) return read_page((checked_file *)file, bytes, offset, 1);
    // SQLite reads parts of page 1 alone, such as the header when it opens the file and has no lock yet; or takes a
    // damaged header's word for the size of pages.
    uint8_t page[page_bytes];
    uint8_t *next = bytes;
    while (count > 0) {
        sqlite3_int64 start = offset - offset % page_bytes;
        int part = (int)(start + page_bytes - offset);
        if (part > count) part = count;
        int code = read_page((checked_file *)file, page, start, 0);
        if (code != SQLITE_OK) {
            if (code == SQLITE_IOERR_SHORT_READ) memset(next, 0, (size_t)count);
            return code;
        }
        memcpy(next, page + (offset - start), (size_t)part);
        next += part;
        offset += part;
        count -= part;
    }
    return SQLITE_OK;
}

static int checked_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
    if (count != page_bytes || offset % page_bytes != 0) return SQLITE_IOERR_WRITE;
    uint8_t page[page_bytes];
    memcpy(page, bytes, content_bytes);
    // A database that keeps no room would lose data.
    if (offset == 0 && page[reserve_offset] != ANDON_SQLITE_CHECK_BYTES) return SQLITE_IOERR_WRITE;
    int code = extend((checked_file *)file, offset);
    return code == SQLITE_OK ? write_page(below(file), page, offset) : code;
}

static int checked_close(sqlite3_file *file) {
    checked_file *checked = (checked_file *)file;
    if (checked->underlay >= 0) close(checked->underlay);
    checked->underlay = -1;
    return below(file)->pMethods->xClose(below(file));
}

static int checked_truncate(sqlite3_file *file, sqlite3_int64 size) {
    // A checkpoint lengthens the file like this where the last pages were never written.
    int code = extend((checked_file *)file, size);
    if (code != SQLITE_OK) return code;
    ((checked_file *)file)->size = 0;
    return below(file)->pMethods->xTruncate(below(file), size);
}

static int checked_sync(sqlite3_file *file, int flags) { return below(file)->pMethods->xSync(below(file), flags); }

static int checked_size(sqlite3_file *file, sqlite3_int64 *size) {
    return below(file)->pMethods->xFileSize(below(file), size);
}

static int checked_lock(sqlite3_file *file, int lock) { return below(file)->pMethods->xLock(below(file), lock); }

static int checked_unlock(sqlite3_file *file, int lock) { return below(file)->pMethods->xUnlock(below(file), lock); }

static int checked_is_reserved(sqlite3_file *file, int *result) {
    return below(file)->pMethods->xCheckReservedLock(below(file), result);
}

static int checked_control(sqlite3_file *file, int operation, void *argument) {
    return below(file)->pMethods->xFileControl(below(file), operation, argument);
}

static int checked_sector_size(sqlite3_file *file) { return below(file)->pMethods->xSectorSize(below(file)); }

static int checked_characteristics(sqlite3_file *file) {
    return below(file)->pMethods->xDeviceCharacteristics(below(file));
}

static int checked_shm_map(sqlite3_file *file, int region, int size, int extends, void volatile **memory) {
    return below(file)->pMethods->xShmMap(below(file), region, size, extends, memory);
}

static int checked_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
    return below(file)->pMethods->xShmLock(below(file), offset, count, flags);
}

static void checked_shm_barrier(sqlite3_file *file) { below(file)->pMethods->xShmBarrier(below(file)); }

static int checked_shm_unmap(sqlite3_file *file, int deletes) {
    return below(file)->pMethods->xShmUnmap(below(file), deletes);
}

/// Version 2: without a memory map, which would go past the checks.
static const sqlite3_io_methods checked_methods = {
    .iVersion = 2,
    .xClose = checked_close,
    .xRead = checked_read,
    .xWrite = checked_write,
    .xTruncate = checked_truncate,
    .xSync = checked_sync,
    .xFileSize = checked_size,
    .xLock = checked_lock,
    .xUnlock = checked_unlock,
    .xCheckReservedLock = checked_is_reserved,
    .xFileControl = checked_control,
    .xSectorSize = checked_sector_size,
    .xDeviceCharacteristics = checked_characteristics,
    .xShmMap = checked_shm_map,
    .xShmLock = checked_shm_lock,
    .xShmBarrier = checked_shm_barrier,
    .xShmUnmap = checked_shm_unmap,
};

// MARK: The file system

static const char checked_name[] = "andon-checked";
static sqlite3_vfs checked_vfs;
static sqlite3_vfs *vfs_below;
static pthread_once_t registered_once = PTHREAD_ONCE_INIT;

/// Opens the underlay of a database, if it has one.
static int open_underlay(checked_file *checked, const char *name) {
    checked->underlay = -1;
    checked->underlay_size = 0;
    char path[4096];
    int length = name ? snprintf(path, sizeof path, "%s" ANDON_SQLITE_UNDERLAY, name) : 0;
    if (length <= 0 || length >= (int)sizeof path) return SQLITE_OK;
    checked->underlay = open(path, O_RDONLY | O_CLOEXEC);
    if (checked->underlay < 0) return errno == ENOENT || errno == ENOTDIR ? SQLITE_OK : SQLITE_CANTOPEN;
    struct stat status;
    if (fstat(checked->underlay, &status) != 0) return SQLITE_CANTOPEN;
    checked->underlay_size = status.st_size - status.st_size % page_bytes;
    return SQLITE_OK;
}

static int checked_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *result) {
    (void)vfs;
    if (!(flags & SQLITE_OPEN_MAIN_DB)) return vfs_below->xOpen(vfs_below, name, file, flags, result);
    memset(file, 0, (size_t)checked_vfs.szOsFile);
    int code = vfs_below->xOpen(vfs_below, name, below(file), flags, result);
    // SQLite closes a file that has methods, also where it could not be opened.
    ((checked_file *)file)->underlay = -1;
    if (below(file)->pMethods) file->pMethods = &checked_methods;
    return code == SQLITE_OK ? open_underlay((checked_file *)file, name) : code;
}

static void register_vfs(void) {
    sqlite3_initialize();
    vfs_below = sqlite3_vfs_find(0);
    if (!vfs_below) return;
    // The other methods of SQLite's file systems do not care through which one they are called.
    checked_vfs = *vfs_below;
    checked_vfs.pNext = 0;
    checked_vfs.zName = checked_name;
    checked_vfs.szOsFile += (int)sizeof(checked_file);
    checked_vfs.xOpen = checked_open;
    sqlite3_vfs_register(&checked_vfs, 0);
}

const char *andon_sqlite_checked_vfs(void) {
    pthread_once(&registered_once, register_vfs);
    return checked_name;
}

int andon_sqlite_reserve_check_bytes(sqlite3 *database) {
    int count = ANDON_SQLITE_CHECK_BYTES;
    return sqlite3_file_control(database, "main", SQLITE_FCNTL_RESERVE_BYTES, &count);
}

/// Reads pages and compares them; false where one of them is not sound, or not in the file itself.
static int read_many(checked_file *checked, uint8_t *pages, sqlite3_int64 first, sqlite3_int64 count) {
    sqlite3_file *file = below(&checked->base);
    int code = file->pMethods->xRead(file, pages, (int)count * page_bytes, (first - 1) * page_bytes);
    if (code != SQLITE_OK) return 0;
    for (sqlite3_int64 number = 0; number < count; number++) {
        if (!is_sound(pages + number * page_bytes, first + number)) return 0;
    }
    return 1;
}

int andon_sqlite_check_pages(sqlite3 *database, sqlite3_int64 first, sqlite3_int64 count, sqlite3_int64 *damaged) {
    *damaged = 0;
    sqlite3_file *file = 0;
    int code = sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (code != SQLITE_OK) return code;
    if (!file || file->pMethods != &checked_methods) return SQLITE_MISUSE;
    checked_file *checked = (checked_file *)file;
    uint8_t pages[pages_per_read * page_bytes];
    sqlite3_int64 number = first;
    while (number < first + count) {
        // Many at once as long as all is well: the one that is not, or that the underlay has, is read by itself.
        sqlite3_int64 portion = first + count - number;
        if (portion > pages_per_read) portion = pages_per_read;
        if (read_many(checked, pages, number, portion)) {
            number += portion;
            continue;
        }
        for (sqlite3_int64 end = number + portion; number < end; number++) {
            code = read_page(checked, pages, (number - 1) * page_bytes, 0);
            if (code == SQLITE_IOERR_SHORT_READ) return SQLITE_DONE;
            if (code == SQLITE_IOERR_DATA) {
                *damaged = number;
                return SQLITE_OK;
            }
            if (code != SQLITE_OK) return code;
        }
    }
    return SQLITE_OK;
}
