#include "checksum.h"

#include <pthread.h>
#include <string.h>

/// Castagnoli's polynomial, lowest bit first.
static const uint32_t polynomial = 0x82f63b78u;

static uint32_t table[256];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void make_table(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t rest = byte;
        for (int bit = 0; bit < 8; bit++) rest = (rest >> 1) ^ ((rest & 1) ? polynomial : 0);
        table[byte] = rest;
    }
}

uint32_t andon_crc32c_by_table(const void *bytes, size_t count) {
    pthread_once(&table_once, make_table);
    const uint8_t *next = bytes;
    uint32_t crc = ~0u;
    for (; count > 0; count--) crc = (crc >> 8) ^ table[(crc ^ *next++) & 0xff];
    return ~crc;
}

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) static uint32_t by_instruction(const void *bytes, size_t count) {
    const uint8_t *next = bytes;
    uint64_t crc = ~0u;
    for (; count >= 8; count -= 8, next += 8) {
        uint64_t word;
        memcpy(&word, next, 8);
        crc = __builtin_ia32_crc32di(crc, word);
    }
    uint32_t rest = (uint32_t)crc;
    for (; count > 0; count--) rest = __builtin_ia32_crc32qi(rest, *next++);
    return ~rest;
}

uint32_t andon_crc32c(const void *bytes, size_t count) {
    return __builtin_cpu_supports("sse4.2") ? by_instruction(bytes, count) : andon_crc32c_by_table(bytes, count);
}

#elif defined(__ARM_FEATURE_CRC32)

#include <arm_acle.h>

uint32_t andon_crc32c(const void *bytes, size_t count) {
    const uint8_t *next = bytes;
    uint32_t crc = ~0u;
    for (; count >= 8; count -= 8, next += 8) {
        uint64_t word;
        memcpy(&word, next, 8);
        crc = __crc32cd(crc, word);
    }
    for (; count > 0; count--) crc = __crc32cb(crc, *next++);
    return ~crc;
}

#else

uint32_t andon_crc32c(const void *bytes, size_t count) { return andon_crc32c_by_table(bytes, count); }

#endif
