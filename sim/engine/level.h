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
    __int128 moment;      /* sum over changes of change x its instant */
};

static inline void level_add(struct level *level, sim_ns now_ns, int64_t change)
{
    level->value += change;
    level->moment += (__int128)change * now_ns;
}

/* Integral up to now_ns, not before any change. */
static inline __int128 level_area(const struct level *level, sim_ns now_ns)
{
    return (__int128)level->value * now_ns - level->moment;
}

#endif
