/* SPDX-License-Identifier: GPL-3.0-or-later
 * sim sweep: the points of a grid or a table, each replicated, every finished run stored at once. What is in the file
 * already is not run again. */
#ifndef SIM_LAB_SWEEP_H
#define SIM_LAB_SWEEP_H

#include "sim/lab/batch.h"
#include "sim/lab/precision.h"
#include "sim/lab/unknown.h"
#include "sim/results/store.h"

/* Runs of a point that there are none of, since it has no steady state, with the unknown values that they had. */
struct sweep_gap {
    uint32_t n;
    char why[400]; /* of the first */
};

struct sweep {
    const struct point *point; /* the varied values are the edits after the first n_base_edits */
    uint32_t n_points, n_base_edits;
    uint32_t replications, n_threads;
    struct precision
        *precision;      /* of each point, begun: it ends with enough replications; NULL: it makes all of them */
    uint32_t n_unknowns; /* then the points to run are those of sweep_drawn_points */
    const struct unknown *unknown;
    const struct point *drawn;
    struct sweep_gap *gap;       /* by point; zeroed */
    struct store *store;
    struct ranks *ranks; /* as in batch.h */
    FILE *terminal;
};

/* What the file says of the points: resolved pointers, values as JSON. False with err and findings (on the desk) for a
 * point that is not acceptable. */
bool sweep_points(const struct point *point, uint32_t n, uint32_t n_base_edits, struct store_point **out,
                  struct desk *desk, struct findings *findings, struct arena *arena, struct sim_err *err);

/* Of each point a point for each replication, point by point, with the values of the unknowns that this replication
 * has: of every ten in a row, one in each tenth of each range (unknown.h), the same in all points. */
const struct point *sweep_drawn_points(const struct point *point, uint32_t n_points, const struct unknown *unknown,
                                       uint32_t n_unknowns, uint64_t seed, uint32_t replications, struct arena *arena);

/* Runs what the store lacks. False with err; *interrupted when an interrupt that is held ended it early. With a
 * precision it goes in rounds of some replications of each point that has not enough. What a round has beyond is not
 * stored, so a file has the same rows whatever the number of threads, and whether it was resumed or not. */
bool sweep_run(const struct sweep *sweep, bool *interrupted, struct arena *arena, struct sim_err *err);

#endif
