/* SPDX-License-Identifier: GPL-3.0-or-later
 * One run of a search, told in full: the scenario, the values that differ from it, the faults beside its own, the seed
 * and whether ties are drawn. The same specimen gives the same run; shrinking changes it, a capsule keeps it. */
#ifndef SIM_LAB_SPECIMEN_H
#define SIM_LAB_SPECIMEN_H

#include "models/pipeline.h"
#include "models/story.h"
#include "sim/scenario/study.h"

struct specimen {
    const struct study_source *source;
    uint32_t n_edits; /* --set of the search */
    const struct study_edit *edit;
    uint64_t seed;
    bool ties;
    uint32_t n_values;
    struct study_edit *value; /* JSON Pointer and JSON text */
    uint32_t n_faults;
    struct fault_text *fault;
    uint32_t *kind; /* of each fault, in the explore block; NULL: not asked for */
};

/* Where specimens are read and run, one at a time. Zeroed before its first use. */
struct stand {
    struct arena shared, own; /* of what was read, and of the last run */
    struct arena kept;        /* the caller's, for texts of what is opened */
    struct study study;
    const struct plan *plan;
};

/* Reads and plans it. False with err as from study_read: findings are filled when err->code is SIM_ESCENARIO and
 * err->text is empty. */
bool stand_open(struct stand *stand, const struct specimen *specimen, struct findings *findings, struct sim_err *err);
/* Runs what was opened; the facts live until the next run. story: may be NULL. NULL with err when a limit is passed. */
const struct run_facts *stand_run(struct stand *stand, const struct specimen *specimen, struct story *story,
                                  struct sim_err *err);
/* Whether the opened scenario accepts these faults beside its own. */
bool stand_accepts(struct stand *stand, const struct fault_text *fault, uint32_t n_faults);
/* The same plan with these faults beside the scenario's own: for many runs of one opened specimen without faults.
 * SIM_ESCENARIO: a fault is not accepted. */
const struct run_facts *stand_run_faults(struct stand *stand, const struct specimen *specimen, struct sim_err *err);
void stand_fini(struct stand *stand);

/* The invariant that was broken first; NULL: all hold, or stay open. */
const struct invariant_facts *first_broken(const struct run_facts *facts);

/* The specimen's values and faults, and room for n_more of each, in the arena. */
struct specimen specimen_copy(const struct specimen *specimen, uint32_t n_more, struct arena *arena);

#endif
