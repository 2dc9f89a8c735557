#ifndef ANDON_BOARD_H
#define ANDON_BOARD_H

#include <stddef.h>
#include <stdint.h>

/// A file of the board as it stood when the program was built.
struct andon_board_file {
    /// Path below Sources/Board/Web, or the name of a library's file.
    const char *name;
    const uint8_t *bytes;
    size_t count;
};

/// How many files there are.
size_t andon_board_file_count(void);

/// File `index`, below `andon_board_file_count()`.
struct andon_board_file andon_board_file(size_t index);

#endif
