/* SPDX-License-Identifier: GPL-3.0-or-later
 * The story of a run that broke an invariant (models/story.h), told step by step, for people and as JSON. */
#ifndef SIM_RESULTS_STORY_REPORT_H
#define SIM_RESULTS_STORY_REPORT_H

#include <stdio.h>

#include "models/story.h"
#include "sim/results/page.h"
#include "sim/results/result.h"

struct replayed {
    const char *file;    /* the capsule */
    const char *version; /* that wrote it */
    uint64_t seed;
    const struct study *study; /* with the plan's values and faults */
    const struct run_facts *facts;
    const struct invariant_facts *broken; /* the capsule's invariant, in this run */
    const struct story *story;
};

bool story_write(const struct replayed *replayed, const struct text_style *style, FILE *out);
bool story_json(const struct replayed *replayed, FILE *out);

/* "L2: the lease ended while the process stood still" */
const char *cause_words(enum loss_cause cause, enum language language);
/* "a compensation came before its action" */
extern const char *const mishap_names[MISHAP_KINDS]; /* for machines */
const char *mishap_words(enum mishap_kind kind, enum language language);
/* "lock item", "commit stock". of: the step's table, lock or topic. to: of a status step; -1: not told. */
const char *step_words(struct page *page, const struct scenario *scenario, uint32_t step_kind, uint32_t of, int to);
/* "stock-service-group, consumer 1"; group NONE: the API. */
const char *doer_words(struct page *page, const struct scenario *scenario, uint32_t group, uint32_t member);
/* "FAULT gc: consumers (instance 0) pauses"; instance NONE: of no single one. */
const char *fault_words(struct page *page, const struct scenario *scenario, uint32_t fault, uint32_t instance);

#endif
