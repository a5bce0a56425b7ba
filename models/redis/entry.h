/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the files of the lock server share: entries of keys, the way of a refused thread, losses. Private to this room.
 */
#ifndef MODELS_REDIS_ENTRY_H
#define MODELS_REDIS_ENTRY_H

#include "models/redis/lock.h"

/* The owner of a key whose process has crashed. */
#define OWNER_GONE UINT32_MAX

static inline const struct lock_spec *spec_of(const struct locks *locks, const struct lock_entry *entry)
{
    return &locks->scenario->lock[entry->lock];
}

/* The key's time to live has been set: a later, shorter one is put down to nesting. */
static inline void entry_lasts(struct lock_entry *entry)
{
    if (entry->longest_ns < entry->redis.expires_ns) entry->longest_ns = entry->redis.expires_ns;
}

/* ---- lock.c ---- */
struct lock_entry *entry_find(const struct locks *locks, uint32_t lock, uint64_t key);
struct lock_entry *entry_get(struct locks *locks, uint32_t lock, uint64_t key);
void entry_drop_if_idle(struct locks *locks, struct lock_entry *entry);
/* A further try is sent now, with a round trip of its own. */
void try_send(struct locks *locks, uint32_t thread);
/* tryLock ends for a thread that was refused. */
void waiter_answer(struct locks *locks, uint32_t thread, enum lock_answer answer);
/* Finds that the key's time to live is over. */
void entry_expire(struct locks *locks, struct lock_entry *entry);
/* Redis knows no owner of the key any more. One who was inside has lost it, and does not know; else (he never heard
 * that he got it, or that his unlock was in vain, or is dead) nobody has. */
void entry_lose(struct locks *locks, struct lock_entry *entry, enum loss_cause cause, sim_ns at_ns);
/* The message's way to a waiting thread that runs again. */
sim_ns push_latency(struct locks *locks, uint32_t lock, uint32_t thread);

/* ---- watchdog.c: renewal of locks without a lease ---- */
void watchdog_init(struct locks *locks);
/* The thread has got the key without a lease. */
void watchdog_add(struct locks *locks, struct lock_entry *entry, uint32_t thread);
/* It has called unlock. */
void watchdog_subtract(struct locks *locks, struct lock_entry *entry, uint32_t thread);
/* Nothing is renewed any more. */
void watchdog_remove(struct locks *locks, struct lock_entry *entry);
void watchdog_actors(struct locks *locks, struct processes *processes);

/* ---- spin.c ---- */
void spin_begin(struct locks *locks, uint32_t thread);
void spin_refused(struct locks *locks, uint32_t thread);
void spin_actors(struct locks *locks, struct processes *processes);

/* ---- fair.c ---- */
/* The script of RedissonFairLock; refused: *ttl_ns is what it answers. */
bool fair_acquire(struct locks *locks, struct lock_entry *entry, const struct lock_call *call, sim_ns *ttl_ns);
void fair_begin(struct locks *locks, uint32_t thread);
void fair_refused(struct locks *locks, uint32_t thread, sim_ns ttl_ns);
/* The thread gives up: its place is taken back. */
void fair_leave(struct locks *locks, uint32_t thread);
/* The thread is gone: its place stays, and is told in vain. */
void fair_abandon(struct locks *locks, uint32_t thread);
/* The key is free: the first of the queue is told. */
void fair_publish(struct locks *locks, struct lock_entry *entry, uint32_t thread);
void fair_actors(struct locks *locks, struct processes *processes);
/* Places that have run out are gone; all places are. */
void fair_sweep(struct locks *locks, struct lock_entry *entry);
void fair_vanish(struct locks *locks, struct lock_entry *entry);

/* ---- token.c: counters of fenced locks ---- */
void tokens_init(struct locks *locks);
/* The acquire script counts: the new token; a Redis takes over that has not heard of it. */
uint32_t token_count(struct locks *locks, uint32_t lock, uint64_t key);
void token_take_back(struct locks *locks, uint32_t lock, uint64_t key);
/* The store's counters are gone. */
void tokens_vanish(struct locks *locks, uint32_t store);

/* ---- accident.c ---- */
/* No command to the lock's store is answered now; answers_only: it takes effect all the same. */
bool is_unreachable(const struct locks *locks, uint32_t lock);
bool answers_only(const struct locks *locks, uint32_t lock);
/* A message is lost on its way to a JVM. */
bool is_dropped(struct locks *locks, uint32_t lock);
/* The JVM stood still at some time in between. */
bool stood_still(const struct locks *locks, uint32_t jvm, sim_ns from_ns, sim_ns to_ns);
/* A release, and a token given out: remembered for a fail-over that forgets them. */
void note_release(struct locks *locks, const struct lock_entry *entry);
void note_token(struct locks *locks, const struct lock_entry *entry);

#endif
