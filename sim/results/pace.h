/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a record of a group takes by the scenario alone: its stage with nothing to wait for, and the share of the
 * client's own work that falls on it while records always wait. */
#ifndef SIM_RESULTS_PACE_H
#define SIM_RESULTS_PACE_H

#include "sim/scenario/study.h"

/* Consumers come or go for good in mid-run: a scaler's, or by a fault that scales. */
bool pace_number_changes(const struct scenario *scenario, uint32_t group);
/* Mean time of a stage that never waits for a lock, a row or a server, and in which nothing is refused: its own, and
 * that of the steps that have one. */
double pace_stage_alone_s(const struct stage_spec *stage);
/* The same of the stage of one of a group's reads, where `refuse` has its share: of so many records `otherwise` steps
 * stand in for the rest. */
double pace_alone_s(const struct scenario *scenario, const struct group_spec *group, uint32_t read);
/* The same of the longest stage of a group. */
double pace_longest_s(const struct scenario *scenario, const struct group_spec *group);
/* The same of the shortest, refused or not; 0: one takes no time. */
double pace_shortest_s(const struct scenario *scenario, const struct group_spec *group);
/* The same of whatever record is done soonest: one that is refused at once, or fails. */
double pace_least_s(const struct scenario *scenario, const struct group_spec *group);
/* Of the client's own work, per record, while records always wait: commits and polls, in batches as long as
 * max.poll.records and what a fetch brings from so many partitions allow. */
double pace_client_s(const struct scenario *scenario, const struct group_spec *group, uint32_t partitions);
/* A record in the mean: how long it takes, which decides how many are done from one commit to the next that goes by
 * time; how often one fails, is delivered again by the error handler, and is given up. */
struct pace_record { double takes_s, failed, again, given_up; };
/* The same of such records: a failure ends its poll, commits what was done before it, and what it has sought back to is
 * fetched again. */
double pace_client_of_s(const struct scenario *scenario, const struct group_spec *group, uint32_t partitions,
                        const struct pace_record *record);
/* Fetches, per record: they overlap with the work, and bound it where they bring few records. */
double pace_fetch_s(const struct scenario *scenario, const struct group_spec *group, uint32_t partitions);

#endif
