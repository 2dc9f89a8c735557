#ifndef ANDON_CHECKSUM_H
#define ANDON_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli) of `count` bytes, by the processor's instruction where it has one.
uint32_t andon_crc32c(const void *bytes, size_t count);

/// The same by table, for processors without the instruction, and for tests.
uint32_t andon_crc32c_by_table(const void *bytes, size_t count);

#endif
