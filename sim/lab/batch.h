/* SPDX-License-Identifier: GPL-3.0-or-later
 * Many runs of many points on several threads: (point, replication) after (point, replication), each result handed over
 * in the order of the jobs and then forgotten. Memory does not grow with their number. Replication r of every point
 * draws the same random numbers (docs/decisions/0003), so results of two points pair by replication. */
#ifndef SIM_LAB_BATCH_H
#define SIM_LAB_BATCH_H

#include "sim/lab/point.h"
#include "sim/lab/ranks.h"
#include "sim/results/thin.h"

struct batch_job {
    uint32_t point, replication;
    bool curves; /* thinned curves of lag and backlog are wanted */
};

struct batch_result {
    const struct batch_job *job;
    const struct desk *desk;  /* the point's study and layout */
    const struct result *result; /* NULL: the point has no steady state, and no runs */
    const char *unsettled;       /* then why */
    const struct thin *thin;  /* NULL: not wanted */
};

struct batch {
    const struct point *point;
    uint32_t n_jobs;
    const struct batch_job *job; /* those of one point side by side, else it is read again for each */
    uint32_t n_threads;          /* >= 1 */
    struct ranks *ranks;         /* other processes that take jobs beside the threads; NULL: none */
    FILE *terminal;              /* of the progress line; NULL: none */
    void *context;
    /* On the caller's thread, in the order of jobs. What it is shown lives until it returns. False with err ends all.
     */
    bool (*take)(void *context, const struct batch_result *got, struct sim_err *err);
};

/* True when all jobs are done and taken, or an interrupt that is held (interrupt.h) has come: then *n_taken of them
 * are. False with err. */
bool batch_run(const struct batch *batch, uint32_t *n_taken, struct arena *arena, struct sim_err *err);

/* On another rank than 0: runs what it is sent, until it is sent home. The points are those of rank 0. With err set it
 * says so to whoever asks. */
void batch_serve(const struct point *point, uint32_t n_points, struct ranks *ranks, const struct sim_err *err);

/* Exit code of one replication by contract: 4, then 99, else 0. */
int result_exit(const struct result *result, const struct study *study, const struct layout *layout);

#endif
