/* SPDX-License-Identifier: GPL-3.0-or-later
 * Of the result file of a tornado: by how much each value moves a figure, against the scenario as it is, replication by
 * replication with the same random numbers; the value that moves it most first, and before all those that make it come
 * or go: a backlog that is never gone any more has no time at which it is, and so no move. */
#ifndef SIM_RESULTS_TORNADO_TABLE_H
#define SIM_RESULTS_TORNADO_TABLE_H

#include "sim/results/sweep_table.h"

struct tornado_side {
    const char *value; /* as people write it; NULL: this side was not run */
    struct infer_mean moved; /* of the runs that have the figure both ways */
    uint32_t n_runs, n_have; /* runs, and those of them that have the figure with this value */
    uint32_t n_turned;       /* runs that have it one way only */
};

struct tornado_bar {
    const char *pointer;
    struct tornado_side low, high;
    double swing;      /* the greater of the two moves, without its sign; 0 when neither is known */
    uint32_t n_turned; /* likewise, of the runs in which the figure comes or goes */
};

struct tornado_figure {
    struct infer_mean base;
    uint32_t n_runs; /* of the base */
    const char *unit;
    uint32_t n_bars;
    struct tornado_bar *bar;
};

/* Of a point that has one varied value, against the first. */
struct tornado_side tornado_side_of(struct store *store, const struct store_point *points, uint32_t point,
                                    const char *metric, double confidence, struct arena *arena);
/* Whether these points are of a tornado: the first has no varied value, every other one. */
bool tornado_is(const struct store_point *point, uint32_t n_points);
/* scenario_json: of the experiment, the values as they are. */
void tornado_make(struct tornado_figure *out, struct store *store, const struct store_point *point, uint32_t n_points,
                  const char *scenario_json, const char *metric, double confidence, struct arena *arena);
/* " (2/5)" where the figure exists in 2 of 5 runs with this value, "" where all runs have it both ways. */
const char *tornado_parts(const struct tornado_side *side, struct arena *arena);

/* A table for each metric. */
void tornado_write(const struct sweep_table *table, const struct text_style *style, FILE *out);

#endif
