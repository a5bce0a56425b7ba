/* SPDX-License-Identifier: GPL-3.0-or-later
 * The order pipeline of one scenario, put together from its parts and run in simulated time.
 *
 *   struct arena shared, own;            plan once, read-only, for all replications and threads
 *   plan = plan_make(scenario, &shared, &err);
 *   facts = pipeline_run(plan, seed, replication, &options, &own, &err);   own may be reset after the facts are used */
#ifndef MODELS_PIPELINE_H
#define MODELS_PIPELINE_H

#include "models/observer.h"
#include "models/scenario.h"
#include "sim/engine/arena.h"
#include "sim/engine/error.h"

struct plan; /* compiled scenario: distributions, step programs, start times */

/* NULL with err for what only the compiler of distributions can find. The scenario must outlive the plan. */
const struct plan *plan_make(const struct scenario *scenario, struct arena *arena, struct sim_err *err);

struct story; /* story.h */

struct run_options {
    const struct observer *observer;  /* may be NULL */
    bool keep_stage_times;            /* wait and service of every stage for each order (orders.csv) */
    bool verdicts_only;               /* no order's way is followed: facts->path stays empty */
    bool step_by_step;                /* an event for every step, fetch and commit reply: slow, same facts (tested) */
    uint64_t events_max;              /* 0: no limit */
    bool shuffles;                    /* what happens at one instant happens in an order drawn from tie_seed */
    uint64_t tie_seed;
    struct story *story;              /* told what happens to some orders. NULL: nobody listens */
};

/* Runs to the end. NULL with err when a limit is passed. The facts live in arena. */
const struct run_facts *pipeline_run(const struct plan *plan, uint64_t seed, uint32_t replication,
                                     const struct run_options *options, struct arena *arena, struct sim_err *err);

#endif
