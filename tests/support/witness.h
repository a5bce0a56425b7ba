/* SPDX-License-Identifier: GPL-3.0-or-later
 * A run as seen from outside: what its observer was told, and what it left, kept so that two runs can be compared in
 * every figure. Samples up to the end and checkpoints count in their order; orders in any (when an order leaves is not
 * a fact, nor how long it takes to see that nothing happens any more). */
#ifndef TESTS_SUPPORT_WITNESS_H
#define TESTS_SUPPORT_WITNESS_H

#include "models/pipeline.h"

enum { WITNESS_SAMPLES = 64 };

struct witness {
    const struct plan *plan;
    const struct run_facts *facts;
    uint64_t levels[WITNESS_SAMPLES]; /* hash over all samples so far, at each of the last ones */
    sim_ns sampled_ns[WITNESS_SAMPLES];
    uint64_t checkpoints;       /* hash */
    uint64_t orders;            /* sum of hashes over orders */
    uint64_t n_samples, n_orders, n_ended;
    bool keeps_levels;
    struct observer observer;
};

struct witness_options {
    bool step_by_step;
    bool without_samples;       /* levels are not looked at */
    void (*also)(void *context, const struct order_fact *order); /* each order, too; may be NULL */
    void *context;
};

/* Runs to the end; facts live in arena. False with err when the run gives none. */
bool witness_run(struct witness *witness, const struct plan *plan, uint64_t seed, uint32_t replication,
                 const struct witness_options *options, struct arena *arena, struct sim_err *err);

/* NULL when the two runs are the same in all they told and left but for the number of events; else the first thing that
 * differs, in words that live in arena. Levels are compared where both looked at them. */
const char *witness_difference(const struct witness *a, const struct witness *b, struct arena *arena);

#endif
