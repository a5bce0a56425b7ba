/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where a search has been: in how many runs each fault happened, each path of a lock, a row, a group and the saga was
 * reached. What was reached in none of them was not tested, and is listed too. */
#ifndef SIM_LAB_COVERAGE_H
#define SIM_LAB_COVERAGE_H

#include "models/observer.h"
#include "sim/engine/arena.h"
#include "sim/lab/specimen.h"
#include "sim/scenario/study.h"

struct coverage {
    uint32_t n;
    const char *const *name; /* "fault.gc", "lock.item.expired_while_held", "cause.L2", "status.FAILED" */
    uint64_t *runs;
};

struct coverage coverage_open(const struct study *study, struct arena *arena);
/* One run more, of a specimen whose faults were drawn; in the facts they come after the scenario's own. */
void coverage_note(struct coverage *coverage, const struct study *study, const struct specimen *specimen,
                   const struct run_facts *facts);
/* A run that was given up for its length. */
void coverage_note_endless(struct coverage *coverage);
void coverage_add(struct coverage *coverage, const struct coverage *more);

#endif
