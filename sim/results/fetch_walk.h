/* SPDX-License-Identifier: GPL-3.0-or-later
 * What its client takes of one consumer, per record, where records always wait at the broker and the client fetches in
 * an order of its own. One fetch is in flight at a time, it asks for what nothing is left of, and what comes of it is
 * the next poll's: how much of a fetch nobody works beside hangs on how blocks, polls and failures fall. So the client's
 * rules (models/kafka/fetch.h) are gone through poll by poll, with times that do not vary.
 *
 * Records wait in the partitions that get most of them. A quiet one is empty at times: a fetch that asks for nothing
 * else is parked at the broker until a record comes there or fetch.max.wait is over, and no other one leaves before. */
#ifndef SIM_RESULTS_FETCH_WALK_H
#define SIM_RESULTS_FETCH_WALK_H

#include <stdint.h>

/* A partition: the part of the consumer's records that comes there; INFINITY: more than it does. hash: fetch_hash. */
struct fetch_feed { double share; uint32_t hash; };

struct fetch_walk {
    uint32_t partitions;
    double block, poll;               /* records that a fetch brings of one partition, and that a poll holds, at most */
    const struct fetch_feed *fed;     /* by partition; NULL: more comes to all than it does */
    uint32_t quiet;                   /* partitions to which less comes */
    double fetch_s, max_wait_s;       /* of what is there; and how much longer where nothing is */
    double record_s;                  /* one delivery */
    double poll_s, commit_s;          /* of each poll: before its records, and behind them */
    double failed, again, given_up;   /* of all records: fail, are delivered again (how often), are given up */
    double sleep_s;                   /* before each delivery again */
};

/* A fetch, parked where there are partitions for which it can be. */
double fetch_walk_longest_s(const struct fetch_walk *walk);
/* Polls, commits, and waits for a fetch with nothing in hand, per record; NaN or infinite: hardly one is ever done, or
 * (NaN) other partitions are always at hand, and polls and commits are what they are without fetches.
 * A plan asks in each run: where a consumer has many partitions and records fail, the walk ends once half of the
 * polls gone through had no wait, one would have been less than a hundredth of their time, and blocks do not run out,
 * or once a half and the half before it agree to half a hundredth of a record; where polls bring blocks of many, fewer
 * polls are gone through. So the figure is right to some hundredths there; where a fifth of the records fail and
 * a poll has many of hundreds of small blocks, seen up to a third off a longer walk. */
double fetch_walk_client_s(const struct fetch_walk *walk);

#endif
