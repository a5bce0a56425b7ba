/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a result file says, for people (text, Markdown) and for programs (JSON): a row for each point, a column for each
 * metric, means with their intervals. */
#ifndef SIM_RESULTS_SWEEP_TABLE_H
#define SIM_RESULTS_SWEEP_TABLE_H

#include "sim/results/store.h"

struct sweep_table {
    struct store *store;
    const struct store_experiment *experiment;
    const char *name;  /* of the scenario */
    uint32_t n_points;
    const struct store_point *point;
    uint32_t n_metrics;
    const char *const *metric;
    double confidence;
    uint32_t n_unvaried;         /* of a tornado: assumed values that it could not vary */
    const char *const *unvaried; /* their JSON Pointers; NULL: no tornado */
    const uint32_t *n_unsettled; /* by point: runs that there are none of, without a steady state; NULL: of none */
};

void sweep_table_write(const struct sweep_table *table, const struct text_style *style, FILE *out);
/* Those of which some runs could not be judged. */
struct page;
void sweep_table_say_unsettled(struct page *page, const struct sweep_table *table);
void sweep_table_json(const struct sweep_table *table, FILE *out);

#endif
