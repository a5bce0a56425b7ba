/* SPDX-License-Identifier: GPL-3.0-or-later
 * What befalls the lock server (semantics 7.5): it does not answer, restarts without its keys, or is replaced by one
 * that has not heard of the last ones; messages are lost on their way. All take effect now. What they do to a holder,
 * he does not hear of. Processes that stand still or die: models/process.h.
 *
 * An outage with answers_only loses the answers and not the commands, as a partition may: a lock is then held by a
 * thread that does not know it (orphan), until its time to live is over. Left out: messages that are under way when
 * Redis restarts arrive all the same. */
#ifndef MODELS_REDIS_ACCIDENT_H
#define MODELS_REDIS_ACCIDENT_H

#include "models/redis/lock.h"

/* Before the first of the others; a run without faults does not call it, and pays nothing. */
void locks_expect_accidents(struct locks *locks);

/* No command to the store's locks is answered until then, nor, unless answers_only, takes effect. Of several at once
 * each lasts for its own time. */
void locks_outage(struct locks *locks, uint32_t store, sim_ns until_ns, bool answers_only);

/* All keys are gone (L6), and the counters that fenced locks take their tokens from. */
void locks_restart(struct locks *locks, uint32_t store);

/* What was written in the last lost_ns is gone: keys acquired since are free (L5), keys released since are back, and
 * tokens given out since are given out again. A lock with replicas acknowledges an acquire on one of them: when that
 * one is promoted, the acquire is not lost, nor its token. lost_ns: at most that of the scenario's fail-overs of the
 * store. */
void locks_failover(struct locks *locks, uint32_t store, sim_ns lost_ns);

/* From now on each message of the lock's channel is lost with the given probability. */
void locks_drop(struct locks *locks, uint32_t lock, double share);

#endif
