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
/* A record in the mean: how long it takes, sleeps and all, which decides how many are done from one commit to the next
 * that goes by time; how much of that are sleeps; how often one fails, is delivered again by the error handler, and is
 * given up. */
struct pace_record { double takes_s, slept_s, failed, again, given_up; };
/* Of the client's own work, per such record, while records always wait: commits and polls, in batches as long as
 * max.poll.records and what a fetch brings from so many partitions allow. A failure ends its poll, and commits what was
 * done before it. */
double pace_client_of_s(const struct scenario *scenario, const struct group_spec *group, uint32_t partitions,
                        const struct pace_record *record);
/* Clearly fewer records came than the most of any, by more than chance (four standard deviations) and a tenth. */
bool pace_is_quiet(double came, double most);
/* A partition of a consumer: records that came to it, and fetch_hash of it. */
struct pace_part { double came; uint32_t hash; };
/* A record in all: what it takes, that work, and the fetches that nobody works beside. These are rare where a fetch is
 * quick and brings much; else they bound what a consumer can do. part: the partitions; NULL: as many records came to
 * each. Those that got clearly fewer than the fullest one are empty at times also when records always
 * wait, and a fetch of nothing else is parked. */
double pace_record_s(const struct scenario *scenario, const struct group_spec *group, uint32_t partitions,
                     const struct pace_part *part, const struct pace_record *record);

#endif
