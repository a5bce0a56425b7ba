/* SPDX-License-Identifier: GPL-3.0-or-later
 * A tally of durations (waits, service times, completion times): count, exact integer sum, least, greatest, and
 * percentiles. Exact percentiles (nearest rank) up to a stated number of observations, then from a log-linear
 * histogram whose relative error is at most TALLY_HISTOGRAM_ERROR. Not for levels over time: see level.h. */
#ifndef SIM_ENGINE_TALLY_H
#define SIM_ENGINE_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/arena.h"
#include "sim/engine/error.h"
#include "sim/engine/ns.h"
#include "sim/engine/seldom.h"

#define TALLY_HISTOGRAM_ERROR (1.0 / 256.0)

/* Bucket i below TALLY_SUB holds the one value i; after that each octave has TALLY_SUB buckets of one width. */
enum { TALLY_SUB = 128, TALLY_SUB_BITS = 7, TALLY_OCTAVES = 57 };

/* What each observation touches comes first, in one cache line. */
struct tally {
    _Alignas(64) __int128 sum_ns;
    uint64_t n;
    sim_ns min_ns, max_ns;
    uint32_t *count;       /* of the buckets first .. first + n_buckets - 1, whole octaves; outside of them nothing fell */
    uint32_t first, n_buckets;
    bool exact;            /* n <= exact_max: the observations themselves are kept */
    sim_ns *value_ns;      /* those observations, n of them; NULL when exact_max is 0 or passed */
    uint64_t capacity, exact_max;
    struct arena *arena;
};

/* exact_max: keep every observation up to this many (0: histogram only). */
void tally_init(struct tally *tally, struct arena *arena, uint64_t exact_max);
/* Counts for all octaves from those that are there to the bucket's: 512 bytes each. */
SIM_SELDOM void tally_widen(struct tally *tally, uint64_t bucket);
/* Puts ns into the exact store, which grows, or is dropped for good when it would pass exact_max. */
void tally_keep(struct tally *tally, sim_ns ns);

/* ns >= 0. The leading bits of a value, TALLY_SUB_BITS + 1 of them where it has so many, are its bucket: octaves 0 and
 * 1 have one width, and each further one twice that of the one before. A negative value would have a bucket that is
 * never there. tally_count: of a tally that keeps no values (exact_max 0). */
static SIM_ALWAYS void tally_count(struct tally *tally, sim_ns ns)
{
    uint64_t value = (uint64_t)ns;
    uint32_t shift = (63u ^ (uint32_t)__builtin_clzll(value | (2 * TALLY_SUB - 1))) - TALLY_SUB_BITS;
    uint64_t bucket = ((uint64_t)shift << TALLY_SUB_BITS) + (value >> shift);
    uint64_t place = bucket - tally->first;
    if (place >= tally->n_buckets) {
        tally_widen(tally, bucket);
        place = bucket - tally->first;
    }
    tally->count[place]++;
    tally->n++;
    tally->sum_ns += value;
    if (ns < tally->min_ns) tally->min_ns = ns;
    if (ns > tally->max_ns) tally->max_ns = ns;
}

static SIM_ALWAYS void tally_add(struct tally *tally, sim_ns ns)
{
    if (tally->exact) tally_keep(tally, ns);
    tally_count(tally, ns);
}

/* n observations of no time at all, of a tally that keeps no values. */
void tally_count_zeros(struct tally *tally, uint32_t n);

/* Mean in seconds; NaN when empty. */
double tally_mean_s(const struct tally *tally);
/* Nearest-rank percentile, p in (0, 1], seconds; NaN when empty. */
double tally_percentile_s(const struct tally *tally, double p);

/* Keeps in *mark what there is now, in memory of the tally's arena; least and greatest start anew. */
void tally_mark(struct tally *tally, struct tally *mark);
/* Takes off what there was at the mark: what is left has been added since. */
void tally_since(struct tally *tally, const struct tally *mark);

#endif
