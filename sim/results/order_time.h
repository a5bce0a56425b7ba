/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where the time of an order goes, by percentile of its completion time: the mean split of the paid orders around each,
 * of those that a run has followed (models/orders/path.h). The parts of a row sum up to its completion time. */
#ifndef SIM_RESULTS_ORDER_TIME_H
#define SIM_RESULTS_ORDER_TIME_H

#include "models/observer.h"
#include "sim/engine/arena.h"

enum { ORDER_TIME_ROWS = 3 };

struct order_time {
    double completion_s;
    double *part_s; /* path_facts.n_parts */
};

/* "p50", "p95", "p99". */
extern const char *const order_time_row[ORDER_TIME_ROWS];
/* Key of a part, as in "lock_wait_s"; of the wait in logs there is one for each group. */
extern const char *const order_time_key[PATH_PARTS];

/* The rows: the orders between the 45th and the 55th percentile, the 93rd and the 97th, above the 98th. NaN where no
 * order was followed to its end. n_parts: PATH_PARTS and the groups. */
void order_time_rows(const struct path_facts *path, uint32_t n_parts, struct order_time row[ORDER_TIME_ROWS],
                     struct arena *arena);

#endif
