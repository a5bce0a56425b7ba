/* SPDX-License-Identifier: GPL-3.0-or-later
 * Distributions of durations. A draw turns one 32-bit word into nanoseconds through the distribution's quantile
 * function, so that it never rejects and is monotone in the word (pairing by common random numbers).
 * Smooth shapes use a table indexed by octave: on either side of the median the distance to the end, as a double,
 * gives by its top bits the cell (32 to 256 an octave, as the shape needs), by the rest the place on the straight line
 * between two exact quantiles; no division, and tails down to 2^-32. One table serves all means of a shape; what it
 * loses in the mean is put back into the scale. Mixtures and histograms are not scaled: their constants and borders are
 * what they were said to be. What they lose at a jump is put back beside it, so that their means are off by no more
 * than their quantiles are. */
#ifndef SIM_ENGINE_DIST_H
#define SIM_ENGINE_DIST_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "sim/engine/arena.h"
#include "sim/engine/error.h"
#include "sim/engine/ns.h"

/* Greatest error of a quantile, relative to it or to a 64th of the mean, whichever is greater; for every word. Not next
 * to a corner (a given percentile, a histogram's border), where DIST_CORNER_ERROR holds, nor next to a jump (a mixture
 * with a constant), where the step is spread over two cells, 1/256 of an octave each, and passes neither end. */
#define DIST_TABLE_ERROR 5e-5
#define DIST_CORNER_ERROR 1e-3

#define DIST_CV_MAX 10.0
#define DIST_CV_MIN 0.001        /* of gamma and Weibull, but for 0 */
#define DIST_STAGES_MAX 1000000u /* Erlang */

enum dist_family {
    DIST_CONSTANT,    /* mean */
    DIST_UNIFORM,     /* low..high */
    DIST_EXPONENTIAL, /* mean */
    DIST_LOGNORMAL,   /* mean, cv: the default family where a scenario gives mean and CV only */
    DIST_GAMMA,       /* mean, cv */
    DIST_WEIBULL,     /* mean, cv */
    DIST_ERLANG,      /* mean, k stages */
    DIST_MIXTURE,     /* parts with weights: a rare stall */
    DIST_EMPIRICAL,   /* measured values: inverse of the empirical distribution, steps (values) or lines (histogram) */
    DIST_PERCENTILES, /* p50 and more: log of the time linear in the normal score between the given points and beyond */
};

struct dist_point { double p, s; }; /* P(X <= s seconds) = p */

/* What a scenario says. Plain data; unused fields are 0. Seconds. */
struct dist_spec {
    enum dist_family family;
    double mean_s, cv;
    double low_s, high_s;                /* uniform */
    uint32_t stages;                     /* Erlang */
    uint32_t n_parts;                    /* mixture */
    const struct dist_spec *part;
    const double *weight;                /* sum 1 */
    uint32_t n_values;                   /* empirical by values, ascending, seconds */
    const double *value_s;
    uint32_t n_points;                   /* percentiles (two or more), or cumulative histogram up to p = 1 (below its
                                            first point: that value); ascending in p and s */
    const struct dist_point *point;
};

/* Compiled form, read-only, shared by all runs and threads; one cache line. */
struct dist {
    _Alignas(64) double scale_ns; /* multiplies the table's value */
    const double *side[2];        /* quantiles below and above the median, by distance from 0 and from 1 */
    enum dist_draw { DRAW_CONSTANT, DRAW_TABLE, DRAW_VALUES } draw;
    union {
        uint32_t cell_bits;       /* DRAW_TABLE: log2 of the cells of an octave */
        uint32_t n_values;        /* DRAW_VALUES */
    };
    sim_ns constant_ns;           /* DRAW_CONSTANT */
    const sim_ns *value_ns;       /* DRAW_VALUES */
    double mean_s, cv;            /* exact, of the specification; for reports and bounds */
};

_Static_assert(sizeof(struct dist) == 64, "one cache line");

/* Shapes already tabulated; one for each scenario. */
struct dist_cache;
struct dist_cache *dist_cache_open(struct arena *arena);

/* Compiles spec into *out. False (with text in err) for parameters out of range or a GSL failure. */
bool dist_make(struct dist *out, const struct dist_spec *spec, struct dist_cache *cache, struct arena *arena,
               struct sim_err *err);

static inline double dist_draw_table(const struct dist *dist, uint32_t word)
{
    uint32_t upper = word >> 31;
    int64_t half_words = 2 * (int64_t)(word ^ -upper) + 1; /* of the word's centre from its end: 1 to 2^32 - 1 */
    double distance = (double)half_words;
    uint64_t bits;
    memcpy(&bits, &distance, sizeof bits);
    uint32_t rest_bits = 52 - dist->cell_bits;
    uint64_t cell = (bits >> rest_bits) - ((uint64_t)1023 << dist->cell_bits);
    uint64_t rest = (bits << dist->cell_bits & 0x000fffffffffffffu) | 0x3ff0000000000000u; /* 1 + place in the cell */
    double place;
    memcpy(&place, &rest, sizeof place);
    const double *node = dist->side[upper] + cell;
    return node[0] + (node[1] - node[0]) * (place - 1.0);
}

/* The time of one word. Rounded to the nearest ns, never negative. */
static inline sim_ns dist_draw(const struct dist *dist, uint32_t word)
{
    if (dist->draw == DRAW_TABLE) return (sim_ns)(dist_draw_table(dist, word) * dist->scale_ns + 0.5);
    if (dist->draw == DRAW_CONSTANT) return dist->constant_ns;
    return dist->value_ns[(uint64_t)word * dist->n_values >> 32];
}

/* Always 0. */
static inline bool dist_is_zero(const struct dist *dist)
{
    return dist->draw == DRAW_CONSTANT && dist->constant_ns == 0;
}

/* Mean and CV of a specification that dist_make accepts, in closed form. */
void dist_moments(const struct dist_spec *spec, double *mean_s, double *cv);
double dist_mean_s(const struct dist_spec *spec);

/* The same shape, `factor` > 0 times as long. What it points to is copied into the arena. */
struct dist_spec dist_scaled(const struct dist_spec *spec, double factor, struct arena *arena);

#endif
