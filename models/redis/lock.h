/* SPDX-License-Identifier: GPL-3.0-or-later
 * Redisson's RLock: a hash with an owner, a hold count and a time to live, changed by scripts that Redis runs one at a
 * time; tryLock(wait, lease) with its subscription and JVM-local semaphore.
 *
 * Modelled: TRY1; when refused, SUBSCRIBE (one round trip for the first waiter of a JVM, shared by the others) and
 * TRY2; then waiting for a permit for min(time to live, remaining wait), and another try. An unlock publishes one
 * message, every subscribed JVM gets one permit, one thread of each wakes, one wins: unfair, and whoever asks first at
 * Redis is served, be it the thread that just unlocked. A permit that nobody waits for is kept. Re-entrant acquires
 * count and overwrite the time to live. Expiry frees the key, wakes nobody and tells nobody; an unlock by a non-owner
 * changes nothing and throws. Left out here: watchdog, fail-over, lost messages, fair, spin and fenced locks. Invariant
 * X1: at most one owner of a key at Redis. Threads inside at once are counted as overlaps.
 *
 * Sources: RedissonLock, RedissonBaseLock, RedissonLockEntry, LockPubSub. */
#ifndef MODELS_REDIS_LOCK_H
#define MODELS_REDIS_LOCK_H

#include "models/observer.h"
#include "models/process.h"
#include "sim/engine/dist.h"
#include "sim/engine/sim.h"

/* Subscription of one JVM to one lock's channel. */
struct lock_channel {
    struct lock_channel *next;
    uint32_t jvm, subscribers, permits;
    uint32_t first, last;          /* threads that wait for a permit, + 1 */
};

struct lock_entry {
    struct lock_entry *next;       /* in its bucket, or free */
    uint32_t lock;
    uint64_t key;
    uint32_t owner, count;         /* owner: thread + 1; 0: free */
    sim_ns expires_ns, acquired_ns;
    uint32_t inside;               /* threads that acquired and have not unlocked, expired ones included */
    uint32_t waiters;              /* threads in tryLock that were refused */
    struct lock_channel *channel;
};

struct lock_waiter {               /* one for each thread */
    struct lock_entry *entry;
    struct lock_channel *channel;
    uint32_t next;                 /* in the channel, + 1 */
    sim_ns round_trip_ns, deadline_ns, refused_ns;
    sim_handle timer;
    uint32_t wakes;                /* index of the push draw */
};

enum { LOCK_BUCKETS = 256 };

struct locks {
    struct sim *sim;
    const struct scenario *scenario;
    const struct dist *push;       /* by lock */
    struct random_key key;
    struct lock_entry *bucket[LOCK_BUCKETS], *free_entry;
    struct lock_channel *free_channel;
    struct lock_waiter *waiter;    /* by thread */
    const uint32_t *jvm;           /* by thread */
    struct lock_facts *fact;       /* by lock */
    uint32_t n_inside;             /* over all keys; 0 at the end of a quiet run */
    /* tryLock returns to the thread now. */
    void (*answered)(void *context, uint32_t thread, bool got);
    void *context;
};

void locks_init(struct locks *locks, struct sim *sim, const struct scenario *scenario, const struct dist *push,
                struct random_key key, uint32_t n_threads, const uint32_t *jvm,
                void (*answered)(void *context, uint32_t thread, bool got), void *context);

/* The first script of tryLock runs at Redis now, half a round trip after it was sent. True: got; the caller returns
 * from tryLock half a round trip later. False: answered() will be called. */
bool lock_acquire(struct locks *locks, uint32_t lock, uint64_t key, uint32_t thread, sim_ns round_trip_ns);

/* Registers whose the handlers are. */
void locks_actors(struct locks *locks, struct processes *processes);
/* The thread is gone, and waits no more. */
void lock_forget(struct locks *locks, uint32_t thread);
/* The thread that holds the lock is gone: the key stays until its time to live ends, and nobody can unlock it. */
void lock_abandon(struct locks *locks, uint32_t lock, uint64_t key, uint32_t thread);

/* The unlock script runs at Redis now. False: the thread is not the owner (IllegalMonitorStateException). */
bool lock_release(struct locks *locks, uint32_t lock, uint64_t key, uint32_t thread);

#endif
