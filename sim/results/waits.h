/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the records of a group wait for, by what its runs have counted: the time in which a record in service was held
 * up by others, at a lock, a row, a pool or a store, and until a dead letter was in its log. The chance of drawn times,
 * the tries of a write and what a fault adds are no waits. */
#ifndef SIM_RESULTS_WAITS_H
#define SIM_RESULTS_WAITS_H

#include "sim/results/shared.h"

/* Something that steps use; of a pool: its process. */
struct use { enum shared_kind kind; uint32_t target; };

struct waits {
    enum shared_kind kind; /* SHARED_NOTHING: nothing is known to stand out */
    const char *name;
    bool of_all;           /* which of several is told by means that are those of others, too */
};

/* A step of the group's stages uses it, be it in place of a refused one. */
bool waits_use(const struct scenario *scenario, uint32_t group, struct use use);
/* Of one run, per record: of those deliveries that did not fail. wait: from PATH_LOCK to PATH_STORE. For what another
 * group has of the same order, at work on it, a record waits the less the later it comes: that is told apart. */
double waits_counted_s(const struct group_facts *facts, enum path_time wait);
/* The same, until its dead letter was in the log. */
double waits_letter_counted_s(const struct group_facts *facts);
/* The same, for another group at work on the same order; and for which one mostly, n_groups: for none. */
double waits_order_counted_s(const struct group_facts *facts);
uint32_t waits_order_mostly_of(const struct group_facts *facts, uint32_t n_groups);
/* The same in the mean of the runs. */
double waits_s(const struct outcome *outcome, uint32_t group, enum path_time wait);
double waits_letter_s(const struct outcome *outcome, uint32_t group);
double waits_order_s(const struct outcome *outcome, uint32_t group);
uint32_t waits_order_of(const struct outcome *outcome, uint32_t group);
/* What makes up most of the waits of a group's records, in the mean of the runs. */
struct waits waits_mostly_for(const struct outcome *outcome, uint32_t group);

#endif
