/* SPDX-License-Identifier: GPL-3.0-or-later
 * Redisson's locks: a hash with an owner, a hold count and a time to live, changed by scripts that Redis runs one at a
 * time (lock_script.h); tryLock(wait, lease) with its subscription and JVM-local semaphore.
 *
 * Modelled: TRY1; when refused, SUBSCRIBE (one round trip for the first waiter of a JVM, shared by the others) and
 * TRY2; then waiting for a permit for min(time to live, remaining wait), and another try. An unlock publishes one
 * message, every subscribed JVM gets one permit, one thread of each wakes, one wins: unfair, and whoever asks first at
 * Redis is served, be it the thread that just unlocked. A permit that nobody waits for is kept. Re-entrant acquires
 * count and overwrite the time to live, and an inner unlock sets it to the lease of the acquire that it ends. Expiry
 * frees the key, wakes nobody and tells nobody; an unlock by a non-owner changes nothing and throws. Beside it: the
 * watchdog (watchdog.c), RedissonFairLock (fair.c), RedissonSpinLock (spin.c), the token of RedissonFencedLock
 * (token.c); outages, fail-overs and lost messages (accident.c).
 *
 * Left out: retries of commands by the client (a command that gets no answer fails after its time-out), cluster slots,
 * RedLock and MultiLock. Invariant X1: at most one owner of a key at Redis. Threads inside at once are counted as
 * overlaps, and each is put down to the way in which the earlier one lost its lock (struct lock_loss).
 *
 * Sources: RedissonLock, RedissonBaseLock, RedissonLockEntry, LockPubSub. */
#ifndef MODELS_REDIS_LOCK_H
#define MODELS_REDIS_LOCK_H

#include "models/observer.h"
#include "models/process.h"
#include "models/redis/lock_script.h"
#include "sim/engine/dist.h"
#include "sim/engine/seldom.h"
#include "sim/engine/sim.h"

/* Subscription of one JVM to one lock's channel. */
struct lock_channel {
    struct lock_channel *next;
    uint32_t jvm, subscribers, permits;
    uint32_t first, last;          /* threads that wait for a permit, + 1 */
};

/* A place in the queue of a fair lock. */
struct fair_slot {
    struct fair_slot *next;        /* behind it, or free */
    uint32_t thread;               /* NONE: its process is gone */
    sim_ns until_ns;               /* when the place runs out */
};

struct lock_entry {
    struct lock_entry *next;       /* in its bucket, or free */
    uint32_t lock;
    uint64_t key;
    struct lock_key redis;         /* owner: thread + 1 */
    sim_ns acquired_ns;
    uint32_t inside;               /* threads that acquired and have not unlocked, expired ones included */
    uint32_t waiters;              /* threads in tryLock that were refused */
    struct lock_channel *channel;
    uint32_t last_owner;           /* thread + 1 that had it before; of an entry that has stayed */
    uint32_t loser;                /* thread + 1 that has lost the key and is still inside; of several the last, and
                                      the others behind it (lock_stay.before) */
    uint32_t watched;              /* thread + 1 for which a watchdog renews; 0: none */
    uint32_t n_watched;            /* acquires of that thread that the watchdog counts */
    sim_ns longest_ns;             /* the latest end that its time to live has had; SIM_NEVER: was renewed */
    bool unrenewed;                /* a renewal has failed */
    struct fair_slot *fair_first, *fair_last; /* fair: the queue */
    sim_handle renewal;            /* WATCHDOG_PER_LOCK: its timer */
    sim_ns round_trip_ns;          /* of the last acquire, for renewals */
};

/* What a thread asks for. round_trip: from which later tries draw theirs; NULL: as the first. */
struct lock_call {
    uint32_t lock, thread;
    uint64_t key;
    sim_ns wait_ns, lease_ns;
    bool watched;                  /* no lease: a watchdog renews */
    bool nested;                   /* the thread holds the key already, as far as it knows */
    sim_ns round_trip_ns;
    sim_ns queued_ns;              /* from the call until its first command was sent: wait_ns counts from the call */
    const struct dist *round_trip;
};

enum lock_answer { LOCK_GOT, LOCK_REFUSED, LOCK_THREW /* no answer from Redis */ };
enum unlock_answer { UNLOCK_DONE, UNLOCK_NOT_OWNER /* IllegalMonitorStateException */, UNLOCK_NO_ANSWER };

struct lock_waiter {               /* one for each thread */
    struct lock_entry *entry;      /* NULL: not in tryLock */
    struct lock_channel *channel;
    struct lock_call call;
    uint32_t next;                 /* in the channel, + 1 */
    sim_ns deadline_ns, refused_ns;
    sim_handle timer;
    bool entered;                  /* a try has got the key, and the answer is under way */
    uint32_t tries;                /* index of the draws of this thread's round trips and sleeps */
    uint32_t wakes;                /* index of the push draw */
    sim_ns sleep_ns;               /* spin: the next one */
    uint32_t fails;                /* spin: sleeps so far */
    struct fair_slot *slot;        /* fair: its place in the queue of its entry */
    uint32_t permits;              /* fair: messages kept */
    uint32_t token;                /* fenced: that its last acquire was given */
    bool waits;                    /* fair: for a message */
};

/* How a thread lost a lock that it believed to hold (semantics 7.5). */
struct lock_loss {
    uint32_t lock;
    uint64_t key;
    enum loss_cause cause;
    sim_ns acquired_ns, at_ns;
};

/* A thread inside one key of a lock, as far as it knows. */
struct lock_stay {
    struct lock_loss loss;         /* its last one of this lock; of the key that it is in, or was */
    uint32_t before;               /* thread + 1 that has lost the same key before it and is still inside */
    bool inside;
};

enum { LOCK_BUCKETS = 256 };

#define LOCK_WATCHDOG_NS (30 * SIM_S) /* lockWatchdogTimeout, unless the client sets another */

struct lock_accidents;             /* accident.c; NULL: the scenario has no faults */
struct tokens;                     /* token.c */

struct locks {
    struct sim *sim;
    const struct scenario *scenario;
    const struct dist *push;       /* by lock */
    struct random_key random;
    struct lock_entry *bucket[LOCK_BUCKETS], *free_entry;
    struct lock_channel *free_channel;
    struct fair_slot *free_slot;
    struct lock_waiter *waiter;    /* by thread */
    struct lock_stay *stay;        /* by thread and lock */
    const uint32_t *jvm;           /* by thread */
    uint32_t n_threads, n_jvms;
    struct watchdog *watchdog;     /* by JVM: WATCHDOG_PER_CLIENT */
    struct lock_facts *fact;       /* by lock */
    struct tokens *tokens;         /* NULL: no lock is fenced */
    uint32_t n_inside;             /* over all keys; 0 at the end of a quiet run */
    struct lock_accidents *accidents;
    const struct processes *processes; /* NULL: a run without faults */
    /* tryLock returns to the thread now. */
    void (*answered)(void *context, uint32_t thread, enum lock_answer answer);
    /* A thread has come in while another is inside that has lost the key. May be NULL. */
    void (*overlapped)(void *context, uint32_t thread, uint32_t loser, const struct lock_loss *loss);
    void *context;
};

struct lock_calls {
    void (*answered)(void *context, uint32_t thread, enum lock_answer answer);
    void (*overlapped)(void *context, uint32_t thread, uint32_t loser, const struct lock_loss *loss);
    void *context;
};

/* jvm: by thread, each below n_jvms. */
void locks_init(struct locks *locks, struct sim *sim, const struct scenario *scenario, const struct dist *push,
                struct random_key random, uint32_t n_threads, const uint32_t *jvm, uint32_t n_jvms,
                struct lock_calls calls);

/* Registers whose the handlers are; a run with faults. */
void locks_actors(struct locks *locks, struct processes *processes);
/* The thread is gone, and waits no more; a key that it has been given without having heard of it is nobody's until its
 * time to live ends. */
void lock_forget(struct locks *locks, uint32_t thread);
/* A JVM starts again, with another id than before: what its threads own without knowing it is not theirs. */
void locks_client_begins(struct locks *locks, uint32_t jvm);
/* The thread that holds the lock is gone: the key stays until its time to live ends, and nobody can unlock it. */
void lock_abandon(struct locks *locks, uint32_t lock, uint64_t key, uint32_t thread);

/* The first script of tryLock runs at Redis now, half a round trip after it was sent. True: got; the caller returns
 * from tryLock half a round trip later. False: answered() will be called. */
bool lock_acquire(struct locks *locks, const struct lock_call *call);

/* The unlock script runs at Redis now. acquired: the call that it ends (its lock, thread and key; its lease, to which
 * the time to live of outer acquires is set; whether it was watched). leaves: the thread was inside, and is no more. */
enum unlock_answer lock_release(struct locks *locks, const struct lock_call *acquired, bool leaves);

/* The thread, inside, has been told that it does not hold the key, and is inside no more. */
void lock_leave(struct locks *locks, uint32_t lock, uint64_t key, uint32_t thread);

/* isHeldByCurrentThread at Redis now. */
bool lock_is_held(struct locks *locks, uint32_t lock, uint64_t key, uint32_t thread);

/* The thread that owns the key at Redis, if its process lives; else NONE. */
SIM_SELDOM uint32_t lock_owner(const struct locks *locks, uint32_t lock, uint64_t key);

/* The last time that the thread has lost the lock; cause LOSS_NONE: it has not since it came in last. */
const struct lock_loss *lock_loss_of(const struct locks *locks, uint32_t lock, uint32_t thread);

/* Whether a thread that believes to hold a key has lost it by now, and how. */
bool lock_is_lost(struct locks *locks, uint32_t lock, uint64_t key, uint32_t thread, struct lock_loss *loss);

/* The token that a fenced lock gave the thread's last acquire; and what getToken answers now: that of whoever came last
 * (0: Redis has none). */
uint32_t lock_token_given(const struct locks *locks, uint32_t thread);
uint32_t lock_token(const struct locks *locks, uint32_t lock, uint64_t key);

#endif
