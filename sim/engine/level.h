/* SPDX-License-Identifier: GPL-3.0-or-later
 * A level over time (backlog, busy consumers): its integral in integer units x ns, so that Little's law can be tested
 * to the last bit. Not for samples: see tally.h. */
#ifndef SIM_ENGINE_LEVEL_H
#define SIM_ENGINE_LEVEL_H

#include "sim/engine/ns.h"

/* A change at t adds change x (T - t) to the integral up to T: the sum of change x t is all that it takes, in whatever
 * order the changes are told. */
struct level {
    int64_t value;
    uint64_t moment_low, moment_high; /* sum over changes of change x its instant, modulo 2^128 */
};

static inline void level_add(struct level *level, sim_ns now_ns, int64_t change)
{
    const __int128 moment = (__int128)change * now_ns;
    level->value += change;
    level->moment_high += (uint64_t)(moment >> 64) +
        __builtin_add_overflow(level->moment_low, (uint64_t)moment, &level->moment_low);
}

/* By one: what every record does. */
static inline void level_rise(struct level *level, sim_ns now_ns)
{
    level->value++;
    level->moment_high += __builtin_add_overflow(level->moment_low, (uint64_t)now_ns, &level->moment_low);
}

static inline void level_fall(struct level *level, sim_ns now_ns)
{
    level->value--;
    level->moment_high -= __builtin_sub_overflow(level->moment_low, (uint64_t)now_ns, &level->moment_low);
}

/* Integral up to now_ns, not before any change. */
static inline __int128 level_area(const struct level *level, sim_ns now_ns)
{
    const unsigned __int128 moment = (unsigned __int128)level->moment_high << 64 | level->moment_low;
    return (__int128)((unsigned __int128)((__int128)level->value * now_ns) - moment);
}

#endif
