/* SPDX-License-Identifier: GPL-3.0-or-later
 * A level over time (backlog, busy consumers): its integral in integer units x ns, so that Little's law can be tested
 * to the last bit. Not for samples: see tally.h. */
#ifndef SIM_ENGINE_LEVEL_H
#define SIM_ENGINE_LEVEL_H

#include "sim/engine/ns.h"

struct level {
    int64_t value;
    sim_ns since_ns;      /* last change */
    __int128 area;        /* integral up to since_ns, value x ns */
};

static inline void level_set(struct level *level, sim_ns now_ns, int64_t value)
{
    level->area += (__int128)level->value * (now_ns - level->since_ns);
    level->value = value;
    level->since_ns = now_ns;
}

static inline void level_add(struct level *level, sim_ns now_ns, int64_t change)
{
    level_set(level, now_ns, level->value + change);
}

/* Integral up to now_ns. */
static inline __int128 level_area(const struct level *level, sim_ns now_ns)
{
    return level->area + (__int128)level->value * (now_ns - level->since_ns);
}

#endif
