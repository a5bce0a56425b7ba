/* SPDX-License-Identifier: GPL-3.0-or-later
 * What would help a group whose polls take longer than max.poll.interval, so that its records are delivered again, by
 * somebody who comes too late as well: smaller polls, or so many consumers that few records wait for one; or shorter
 * sleeps after a failure, which are part of the time between two polls. */
#ifndef SIM_RESULTS_SHORTER_POLLS_H
#define SIM_RESULTS_SHORTER_POLLS_H

#include "sim/results/result.h"

struct shorter_polls {
    uint32_t under;         /* a poll of so many records, and a sleep, may take max.poll.interval; 1: one record does */
    double sleep_s;         /* the longest sleep after a failure; 0: none slept */
    bool sleeps_too_long;   /* no poll is so short that it fits in beside that sleep, */
    double sleep_under_s;   /* which must stay under this beside max.poll.records; 0: they take the interval alone, */
    uint32_t deliveries_under; /* or so many deliveries have one as long */
    double longest_s;       /* of the records that came one hardly ever takes longer */
    bool varies;            /* the time of a record, which is why so many take less in the mean */
    double per_s;           /* what the group's consumers do with shorter polls, */
    double next_per_s;      /* and demand->next of them; NaN: none would be a relief */
    uint32_t enough;        /* fewest consumers that would keep up, and have short polls therefore; 0: none, */
    uint32_t enough_most;   /* partitions of the fullest one then, */
    double enough_pressure; /* and what is asked of them over what they could do */
};

struct shorter_polls shorter_polls(const struct outcome *outcome, const struct group_demand *demand);

#endif
