/* SPDX-License-Identifier: GPL-3.0-or-later
 * Distributions of durations. A draw turns one 32-bit word into nanoseconds through the distribution's quantile
 * function, so that it never rejects and is monotone in the word (pairing by common random numbers).
 * Smooth shapes use a table indexed by octave (32 cells an octave on either side of the median, straight lines between
 * nodes from GSL's inverse distribution functions), one table for each shape, scaled by the mean. Relative error of a
 * quantile: at most DIST_TABLE_ERROR for words in [2^6, 2^32 - 2^6] (tested against GSL). */
#ifndef SIM_ENGINE_DIST_H
#define SIM_ENGINE_DIST_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/arena.h"
#include "sim/engine/error.h"
#include "sim/engine/ns.h"

#define DIST_TABLE_ERROR 2e-4

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
    uint32_t n_points;                   /* percentiles, or cumulative histogram; ascending in p and s */
    const struct dist_point *point;
};

/* Compiled form, read-only, shared by all runs and threads. */
struct dist {
    enum { DRAW_CONSTANT, DRAW_TABLE, DRAW_VALUES } draw;
    double scale_ns;      /* DRAW_TABLE: multiplies the table's value */
    const double *table;  /* 2 sides x octaves x cells */
    sim_ns constant_ns;   /* DRAW_CONSTANT */
    uint32_t n_values;    /* DRAW_VALUES */
    const sim_ns *value_ns;
    double mean_s, cv;    /* exact, of the specification; for reports and bounds */
};

/* Shapes already tabulated; one for each scenario. */
struct dist_cache;
struct dist_cache *dist_cache_open(struct arena *arena);

/* Compiles spec into *out. False (with text in err) for parameters out of range or a GSL failure. */
bool dist_make(struct dist *out, const struct dist_spec *spec, struct dist_cache *cache, struct arena *arena,
               struct sim_err *err);

/* The time of one word. Rounded to the nearest ns, never negative. */
sim_ns dist_draw(const struct dist *dist, uint32_t word);

/* Mean and CV of a specification, exact but for numerical integration (percentiles: by its table). */
void dist_moments(const struct dist_spec *spec, double *mean_s, double *cv);

#endif
