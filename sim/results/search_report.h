/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a search for a broken invariant found, for people and as JSON (contract). Plain data: the search itself is the
 * lab's. */
#ifndef SIM_RESULTS_SEARCH_REPORT_H
#define SIM_RESULTS_SEARCH_REPORT_H

#include <stdio.h>

#include "sim/results/result.h"

/* One invariant that broke, in the smallest run that was found to break it by then. */
struct search_violation {
    const char *invariant, *meaning;
    uint64_t seed;
    const char *capsule; /* NULL: none was written */
    sim_ns at_ns;
    uint64_t order_id; /* 0: no single order */
    const char *what;
    bool ties; /* ties must be drawn for it */
    uint32_t n_faults;
    const struct fault_text *fault;
    uint32_t n_values;
    const struct study_edit *value;
    uint64_t orders;        /* created in that run */
    uint32_t faults_before; /* drawn, before it was made smaller */
    bool unfinished;        /* time or Ctrl-C came before it was as small as it gets */
};

struct search {
    const char *name, *file; /* of the scenario */
    uint64_t first_seed, runs, broken;
    uint64_t open; /* runs that were cut, or had no end, before anything broke: what must hold in the end is not known */
    uint64_t span; /* seeds first_seed .. first_seed + span - 1; more than runs when some of them were not made */
    bool interrupted;
    double runs_per_s; /* measured: shown to people, not in JSON */
    uint32_t n_violations;
    const struct search_violation *violation;
    uint32_t n_coverage;
    const char *const *coverage_name;
    const uint64_t *coverage_runs;
};

/* The share of runs that may break an invariant: one-sided upper 95 % limit, 1 - 0.05^(1/n) after n without one
 * that were judged to their end. */
double search_upper_limit_95(const struct search *search);
bool search_write(const struct search *search, const struct text_style *style, FILE *out);
bool search_json(const struct search *search, FILE *out);

#endif
