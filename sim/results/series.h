/* SPDX-License-Identifier: GPL-3.0-or-later
 * The CSV files of one replication (result.h tells their columns): levels at each sample, orders as they end, and the
 * distribution of completion times at the end. A file that was not asked for costs nothing. */
#ifndef SIM_RESULTS_SERIES_H
#define SIM_RESULTS_SERIES_H

#include "sim/results/csv.h"
#include "sim/results/layout.h"

struct group_sum { int64_t lag, backlog, partition_lag; sim_ns age_ns; }; /* partition_lag: the greatest of one */

struct series {
    const struct layout *layout;
    uint32_t replication;
    struct csv *lag, *orders, *status, *groups, *scalers, *completion; /* NULL: not asked for */
    double orders_share;
};

void series_open(struct series *series, const struct layout *layout, uint32_t replication,
                 const struct recorder_files *files, struct arena *arena);
void series_sample(struct series *series, const struct run_levels *levels, const struct group_sum *sum);
void series_order(struct series *series, const struct order_fact *order);
/* The last rows, and everything to the files. */
void series_close(struct series *series, const struct run_facts *facts);

#endif
