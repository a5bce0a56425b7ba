/* SPDX-License-Identifier: GPL-3.0-or-later
 * sim sweep: the points of a grid or a table, each replicated, every finished run stored at once. What is in the file
 * already is not run again. */
#ifndef SIM_LAB_SWEEP_H
#define SIM_LAB_SWEEP_H

#include "sim/lab/batch.h"
#include "sim/results/store.h"

struct sweep {
    const struct point *point; /* the varied values are the edits after the first n_base_edits */
    uint32_t n_points, n_base_edits;
    uint32_t replications, n_threads;
    struct store *store;
    struct ranks *ranks; /* as in batch.h */
    FILE *terminal;
};

/* What the file says of the points: resolved pointers, values as JSON. False with err and findings (on the desk) for a
 * point that is not acceptable. */
bool sweep_points(const struct point *point, uint32_t n, uint32_t n_base_edits, struct store_point **out,
                  struct desk *desk, struct findings *findings, struct arena *arena, struct sim_err *err);

/* Runs what the store lacks. False with err; *interrupted when an interrupt that is held ended it early. */
bool sweep_run(const struct sweep *sweep, bool *interrupted, struct arena *arena, struct sim_err *err);

#endif
