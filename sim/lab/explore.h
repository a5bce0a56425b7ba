/* SPDX-License-Identifier: GPL-3.0-or-later
 * The search for a broken invariant: run after run, each with a fault plan, values and ties drawn from its own seed
 * (hazard.h). Run i has the seed first_seed + i; EXPLORE_BLOCK runs side by side share the values that were drawn, for
 * reading and planning a scenario costs as much as several runs. What is found does not depend on the number of
 * threads; how far a search with a time limit comes does depend on the machine. */
#ifndef SIM_LAB_EXPLORE_H
#define SIM_LAB_EXPLORE_H

#include <stdio.h>

#include "models/invariant.h"
#include "sim/lab/coverage.h"
#include "sim/lab/specimen.h"

enum { EXPLORE_BLOCK = 32 };

struct explore {
    const struct study_source *source;
    uint32_t n_edits;
    const struct study_edit *edit;
    const struct study *study; /* source and edits, as read */
    uint64_t first_seed;
    uint64_t runs;   /* at most; a multiple of EXPLORE_BLOCK is not needed */
    double time_s;   /* ends after so long; 0: no limit */
    bool only_first; /* ends with the first block in which something broke */
    uint32_t n_threads;
    FILE *terminal; /* of the progress line; NULL: none */
};

/* The first run, by seed, in which this invariant was the first to break. */
struct broken_run {
    bool found;
    uint64_t run;
    enum invariant_id invariant;
    struct specimen specimen;
};

struct explored {
    uint64_t runs, broken; /* made; of these, with a violation */
    uint64_t open;         /* cut, or without an end, before anything broke */
    uint64_t span;         /* runs 0 .. span - 1, all of them unless time or Ctrl-C ended blocks early */
    bool interrupted;
    struct coverage coverage;
    struct broken_run first[INVARIANT_COUNT]; /* by invariant */
};

/* The specimen of a run: the same on every call. */
struct specimen explore_specimen(const struct explore *explore, uint64_t run, struct arena *arena);
/* False with err. Texts live in the arena. */
bool explore_run(const struct explore *explore, struct explored *out, struct arena *arena, struct sim_err *err);

#endif
