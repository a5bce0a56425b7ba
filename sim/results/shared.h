/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the consumers of a group share with one another, and with others: locks and rows that go by a key, connections
 * of their process's pool, places at a store. However many consumers there are, they do no more records than these
 * allow: places over the time for which a record has one, and of keys the share of the most popular one.
 *
 * All of it follows from the scenario, with nothing to wait for and nobody else who uses the same: a bound, which the
 * group need not come up to. */
#ifndef SIM_RESULTS_SHARED_H
#define SIM_RESULTS_SHARED_H

#include "sim/results/result.h"

enum shared_kind { SHARED_NOTHING, SHARED_LOCK, SHARED_ROW, SHARED_POOL, SHARED_STORE };

struct shared {
    enum shared_kind kind;
    const char *name;      /* of the lock, the table, the process, the store */
    uint32_t places;       /* connections of all instances together; commands at once; 1 */
    double key_share;      /* of the orders, on the most popular key of the lock or table */
    double most_per_s;     /* records of the group; INFINITY: nothing bounds them */
};

/* Records that came to each of a group's reads, in the mean of the runs. */
void shared_count(const struct outcome *outcome, uint32_t group, double *came);
/* What bounds so many consumers of a group most. came: records of each of its reads; service_s: mean time of one. */
struct shared shared_bound(const struct outcome *outcome, uint32_t group, const double *came, double service_s,
                           uint32_t consumers);

/* Of the pool or store that a group's records use and that has most in use: what the group has of it at so many records a
 * second, and that with what others have at the load's greatest rate: other groups, as far as they can, and the API.
 * Parts of its places; 0 where there are none. */
struct shared_use { double own, all; };
struct shared_use shared_in_use(const struct outcome *outcome, uint32_t group, double per_s);

/* For how long what goes through a stage has connections of its process's pool, one for each that it has at once. */
double shared_connection_s(const struct scenario *scenario, uint32_t stage);

/* Share of the orders on the most popular value; 0: no order has one. */
double shared_key_share(const struct pick_spec *pick);

#endif
