/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/results/order_time.h"

#include <math.h>
#include <stdlib.h>

const char *const order_time_row[ORDER_TIME_ROWS] = { "p50", "p95", "p99" };
const char *const order_time_key[PATH_PARTS] = {
    [PATH_ADMISSION] = "admission_s", [PATH_SERVICE] = "service_s",   [PATH_LOCK] = "lock_wait_s",
    [PATH_ROW] = "row_wait_s",        [PATH_POOL] = "pool_wait_s",    [PATH_STORE] = "store_wait_s",
    [PATH_RETRY] = "retry_s",         [PATH_REBALANCE] = "rebalance_s",
    [PATH_OUTBOX] = "outbox_s",
};

struct ranked { sim_ns completion_ns; uint32_t index; };

static int by_completion(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->completion_ns != y->completion_ns) return x->completion_ns < y->completion_ns ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static const struct ranked *ranked(const struct path_facts *path, struct arena *arena)
{
    struct ranked *order = arena_array(arena, struct ranked, path->n);
    for (uint32_t i = 0; i < path->n; i++) order[i] = (struct ranked){ path->completion_ns[i], i };
    if (path->n > 0) qsort(order, path->n, sizeof *order, by_completion);
    return order;
}

/* Of the orders from rank first up to end, not included. */
static void mean_split(const struct path_facts *path, const struct ranked *order, uint32_t first, uint32_t end,
                       struct order_time *row)
{
    const double share = 1.0 / (end - first);
    row->completion_s = 0;
    for (uint32_t p = 0; p < path->n_parts; p++) row->part_s[p] = 0;
    for (uint32_t i = first; i < end; i++) {
        const sim_ns *part = path->part + (size_t)order[i].index * path->n_parts;
        row->completion_s += ns_to_s(order[i].completion_ns) * share;
        for (uint32_t p = 0; p < path->n_parts; p++) row->part_s[p] += ns_to_s(part[p]) * share;
    }
}

void order_time_rows(const struct path_facts *path, uint32_t n_parts, struct order_time row[ORDER_TIME_ROWS],
                     struct arena *arena)
{
    static const struct { double from, to; } rank[ORDER_TIME_ROWS] = { { 0.45, 0.55 }, { 0.93, 0.97 }, { 0.98, 1 } };
    const struct ranked *order = ranked(path, arena);
    for (uint32_t i = 0; i < ORDER_TIME_ROWS; i++) {
        row[i] = (struct order_time){ NAN, arena_array(arena, double, n_parts) };
        for (uint32_t p = 0; p < n_parts; p++) row[i].part_s[p] = NAN;
        if (path->n == 0) continue;
        const uint32_t first = (uint32_t)(rank[i].from * path->n), end = (uint32_t)ceil(rank[i].to * path->n);
        mean_split(path, order, first, end, &row[i]);
    }
}
