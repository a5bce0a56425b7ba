/* SPDX-License-Identifier: GPL-3.0-or-later
 * A study run as often as it asks for: scenario -> plan -> runs on several threads -> results in the order of
 * replications -> outcome, and the CSV files beside them. An interrupt that is held (interrupt.h) ends it early:
 * replications that are done are kept, those under way are not. So does a precision that is reached: then the
 * replications made are the study's, and those that ran ahead leave no trace. */
#ifndef SIM_LAB_REPLICATE_H
#define SIM_LAB_REPLICATE_H

#include "sim/lab/output.h"
#include "sim/lab/precision.h"
#include "sim/results/result.h"

struct replicate {
    struct study *study; /* its warm-up is found here, where it is to be found */
    const struct layout *layout;
    uint32_t jobs; /* >= 1 */
    double confidence;
    const struct output *output; /* NULL: no files */
    double orders_share;         /* 0: no orders.csv */
    FILE *terminal;              /* of the progress line; NULL: none */
    struct precision *precision; /* ends it before the replications of the study are made; NULL: makes them all */
};

struct replicated {
    struct outcome outcome; /* with its measurements; not filled but for `interrupted` when n is 0 */
    uint32_t n_kept;
    struct arena *kept; /* of the results that the outcome refers to */
};

/* False with err when a run or a write fails; then out holds nothing. */
bool replicate_run(const struct replicate *replicate, struct replicated *out, struct arena *arena, struct sim_err *err);
void replicated_fini(struct replicated *replicated);

#endif
