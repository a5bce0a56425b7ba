/* SPDX-License-Identifier: GPL-3.0-or-later
 * A tally of durations (waits, service times, completion times): count, exact integer sum, least, greatest, and
 * percentiles. Exact percentiles (nearest rank) up to a stated number of observations, then from a log-linear
 * histogram whose relative error is at most TALLY_HISTOGRAM_ERROR. Not for levels over time: see level.h. */
#ifndef SIM_ENGINE_TALLY_H
#define SIM_ENGINE_TALLY_H

#include <stdint.h>

#include "sim/engine/arena.h"
#include "sim/engine/error.h"
#include "sim/engine/ns.h"

#define TALLY_HISTOGRAM_ERROR (1.0 / 256.0)

/* Bucket i below TALLY_SUB holds the one value i; after that each octave has TALLY_SUB buckets of one width. */
enum { TALLY_SUB = 128, TALLY_SUB_BITS = 7, TALLY_OCTAVES = 57 };

struct tally {
    uint64_t n;
    __int128 sum_ns;
    sim_ns min_ns, max_ns;
    uint32_t *octave[TALLY_OCTAVES]; /* TALLY_SUB counts each; NULL until the first value falls there */
    sim_ns *value_ns;      /* the observations themselves while n <= exact_max; NULL when exact_max is 0 or passed */
    uint64_t capacity, exact_max;
    struct arena *arena;
};

/* exact_max: keep every observation up to this many (0: histogram only). */
void tally_init(struct tally *tally, struct arena *arena, uint64_t exact_max);
/* Room for one more value of this octave: the exact store, doubled, or dropped for good; 512 bytes for a new octave. */
void tally_make_room(struct tally *tally, uint32_t octave);

/* ns >= 0. */
static inline void tally_add(struct tally *tally, sim_ns ns)
{
    SIM_ASSERT(ns >= 0);
    uint64_t value = (uint64_t)ns;
    uint32_t octave = 64 - TALLY_SUB_BITS - (uint32_t)__builtin_clzll(value | (TALLY_SUB - 1));
    uint64_t sub = octave == 0 ? value : (value >> (octave - 1)) - TALLY_SUB;
    if (tally->n == tally->capacity || !tally->octave[octave]) tally_make_room(tally, octave);
    if (tally->value_ns) tally->value_ns[tally->n] = ns;
    tally->octave[octave][sub]++;
    tally->n++;
    tally->sum_ns += ns;
    if (ns < tally->min_ns) tally->min_ns = ns;
    if (ns > tally->max_ns) tally->max_ns = ns;
}

/* Mean in seconds; NaN when empty. */
double tally_mean_s(const struct tally *tally);
/* Nearest-rank percentile, p in (0, 1], seconds; NaN when empty. */
double tally_percentile_s(const struct tally *tally, double p);

/* Keeps in *mark what there is now, in memory of the tally's arena; least and greatest start anew. */
void tally_mark(struct tally *tally, struct tally *mark);
/* Takes off what there was at the mark: what is left has been added since. */
void tally_since(struct tally *tally, const struct tally *mark);

#endif
