#ifndef ANDON_CLOCK_SHIM_H
#define ANDON_CLOCK_SHIM_H

#include <sys/timex.h>

// What the kernel says about the clock: 1 when it is synchronised, 0 when not, -1 when the kernel does not say.
// `bound_us` gets the largest error that the kernel allows for, in microseconds.
static inline int andon_clock_synchronised(long *bound_us) {
    // No mode is set, so this only reads and needs no privilege.
    struct timex state = {0};
    int result = adjtimex(&state);
    if (result < 0) return -1;
    *bound_us = state.maxerror;
    return result != TIME_ERROR && !(state.status & STA_UNSYNC);
}

#endif
