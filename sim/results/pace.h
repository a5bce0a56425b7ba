/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a record of a group takes by the scenario alone: its stage with nothing to wait for, and the share of the
 * client's own work that falls on it while records always wait. */
#ifndef SIM_RESULTS_PACE_H
#define SIM_RESULTS_PACE_H

#include "sim/scenario/study.h"

/* Of its widest topic: more consumers than that have nothing to do. */
uint32_t pace_partitions(const struct scenario *scenario, const struct group_spec *group);
/* Consumers may come in mid-run. */
static inline bool pace_is_joined(const struct group_spec *group) { return group->consumers_max > group->consumers; }
/* Consumers with a partition, of a group that others join the most there can be. idle: without one from the start. */
double pace_workers(const struct scenario *scenario, const struct group_spec *group, uint32_t idle);
/* Mean time of the longest stage of a group, without waits for locks, rows or servers. */
double pace_longest_s(const struct scenario *scenario, const struct group_spec *group);
/* The same of the shortest; 0: one takes no time. */
double pace_shortest_s(const struct scenario *scenario, const struct group_spec *group);
/* Commits and polls, per record, in batches as long as max.poll.records. Fetches overlap with the work. */
double pace_client_s(const struct group_spec *group);

#endif
