/* SPDX-License-Identifier: GPL-3.0-or-later
 * What may go wrong in one run of a search: a fault plan, values within the ranges of the scenario's `explore` block,
 * and whether ties are drawn. A pure function of the seed. Drawn as a swarm: in each run some kinds of faults are left
 * out and some values stay as they are, so that one does not hide what another would show; and ends of ranges come
 * often. */
#ifndef SIM_LAB_HAZARD_H
#define SIM_LAB_HAZARD_H

#include "sim/scenario/study.h"

struct hazard {
    bool ties;
    uint32_t n_faults;
    struct fault_text *fault;
    uint32_t *kind; /* of each: its place in the explore block */
};

/* The faults of the run with this seed, within the scenario as the run's values make it. The texts live in the arena,
 * or are the study's. */
struct hazard hazard_draw(const struct study *study, const struct scenario *scenario, uint64_t seed,
                          struct arena *arena);

/* What the faults of each kind are called: the first one so, the others with a number. No fault of the scenario is. */
void hazard_names(const struct study *study, const char **name, struct arena *arena);

/* Values for the runs of a block: pointers and JSON texts, as edits. Returns how many. edit has room for as many as
 * explore->n_values. */
uint32_t hazard_values(const struct explore_spec *explore, uint64_t seed, struct study_edit *edit, struct arena *arena);

#endif
