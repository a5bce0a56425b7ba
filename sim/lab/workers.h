/* SPDX-License-Identifier: GPL-3.0-or-later
 * Many independent jobs on several threads, taken in order. Jobs start in the order of their numbers; whatever the
 * number of threads and whoever is done first, the caller gets them as 0, 1, 2 ... so that everything put together
 * from them is the same to the last byte (docs/decisions/0007). Knows nothing of what a job is. */
#ifndef SIM_LAB_WORKERS_H
#define SIM_LAB_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/error.h"

/* A job is not started before all but the last WORKERS_AHEAD jobs a thread before it are taken: what waits is bounded.
 */
enum { WORKERS_AHEAD = 4 };

struct work {
    uint32_t n_jobs, n_threads; /* n_threads >= 1; threads without a job are not started */
    void *context;
    /* On thread `worker` of 0 ... n_threads - 1, one job at a time. False with err ends the work. */
    bool (*run)(void *context, uint32_t job, uint32_t worker, struct sim_err *err);
    /* On the caller's thread, once for each job that has run, in the order of jobs. False with err ends the work. */
    bool (*take)(void *context, uint32_t job, struct sim_err *err);
    /* On the caller's thread, several times a second while it waits. False: no further job is started, and the jobs
     * that do finish are still taken. It is up to the context to let jobs under way end early: they return false
     * without err and are not taken. May be NULL. */
    bool (*go_on)(void *context);
    /* On the caller's thread, after each job taken. True: no further job is started and none is taken; it is up to the
     * context to let those under way end early. May be NULL: all jobs are wanted. */
    bool (*enough)(void *context);
};

/* Runs all jobs; returns when no thread is left. False with err when a job or a take failed: of several failed jobs
 * the first in order that is known counts; those before it that have run are taken. */
bool workers_run(const struct work *work, struct sim_err *err);

/* Processors that this process may use, at least 1. */
uint32_t workers_cores(void);

#endif
