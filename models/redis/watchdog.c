/* SPDX-License-Identifier: GPL-3.0-or-later
 * The watchdog of locks without a lease: it sets the time to live to lockWatchdogTimeout (30 s) again, every third of
 * it, as long as the owner's process lives, wherever the owning thread is stuck.
 *
 * From Redisson 3.44 on one chain of timers serves all locks of a client: the first renewal of a lock comes up to a
 * third of the time-out after its acquire, and a chain outlives errors. Up to 3.43 each lock has a timer of its own,
 * first a third after its acquire; when one renewal gets no answer, the lock is renewed no more, and nobody is
 * told. Answer 0 (not the owner any more) ends it in both; the holder is not told either. A pause of the process stops
 * its watchdog with it. An inner unlock of an acquire with a lease ends the renewal that an outer one without counts
 * on. Left out: batches of 100, and that a chain of a client whose last lock was released starts
 * anew: here it keeps its beat.
 *
 * Sources: renewal/RenewalTask, LockTask, LockEntry; RedissonBaseLock.unlockAsync0; RedissonBaseLock up to 3.43. */
#include "models/purpose.h"
#include "models/redis/entry.h"

struct watchdog { sim_ns beat_ns; uint32_t n_watched; bool running; };

/* Its next beat has been missed: it died with its process. */
static bool is_dead(const struct locks *locks, const struct watchdog *watchdog, sim_ns every_ns)
{
    return watchdog->running && watchdog->beat_ns + every_ns < locks->sim->now_ns;
}

static sim_ns third(const struct lock_spec *spec) { return spec->lease_ns / 3; }

void watchdog_init(struct locks *locks)
{
    bool needed = false;
    for (uint32_t i = 0; i < locks->scenario->n_locks; i++) needed |= locks->scenario->lock[i].watched;
    if (needed)
        locks->watchdog = arena_array(locks->sim->arena, struct watchdog, locks->n_jvms * locks->scenario->n_locks);
}

static struct watchdog *watchdog_of(struct locks *locks, uint32_t lock, uint32_t jvm)
{
    return &locks->watchdog[lock * locks->n_jvms + jvm];
}

/* The renewal has reached Redis. */
static void on_renew(void *context, uint32_t thread, uint64_t argument)
{
    struct locks *locks = context;
    struct lock_entry *entry = entry_find(locks, (uint32_t)(argument % MAX_LOCKS), argument / MAX_LOCKS);
    if (!entry || entry->watched != thread + 1) return;
    const struct lock_spec *spec = spec_of(locks, entry);
    bool lost = is_unreachable(locks, entry->lock);
    if (!lost || answers_only(locks, entry->lock)) {
        entry_expire(locks, entry);
        if (script_renew(&entry->redis, thread + 1, spec->lease_ns, locks->sim->now_ns)) {
            entry_lasts(entry);
            locks->fact[entry->lock].renewals++;
        } else {
            watchdog_remove(locks, entry);
        }
    }
    if (!lost) return;
    locks->fact[entry->lock].no_answers++;
    if (entry->watched != thread + 1) return;
    entry->unrenewed = true;
    if (spec->renewal == WATCHDOG_PER_LOCK) watchdog_remove(locks, entry);
}

static void renew_send(struct locks *locks, const struct lock_entry *entry)
{
    sim_at(locks->sim, locks->sim->now_ns + entry->round_trip_ns / 2, SIM_SERVER, on_renew, locks, entry->watched - 1,
           entry->key * MAX_LOCKS + entry->lock);
}

/* ---- a chain for each client ---- */

static void on_beat(void *context, uint32_t jvm, uint64_t lock)
{
    struct locks *locks = context;
    struct watchdog *watchdog = watchdog_of(locks, (uint32_t)lock, jvm);
    watchdog->running = watchdog->n_watched > 0;
    watchdog->beat_ns = locks->sim->now_ns;
    if (!watchdog->running) return;
    for (uint32_t i = 0; i < LOCK_BUCKETS; i++)
        for (const struct lock_entry *entry = locks->bucket[i]; entry; entry = entry->next)
            if (entry->watched && entry->lock == lock && locks->jvm[entry->watched - 1] == jvm)
                renew_send(locks, entry);
    sim_at(locks->sim, watchdog->beat_ns + third(&locks->scenario->lock[lock]), SIM_TIMER, on_beat, locks, jvm, lock);
}

/* A client's beat began at a chance instant before the run did. */
static void beat_start(struct locks *locks, uint32_t lock, uint32_t jvm)
{
    struct watchdog *watchdog = watchdog_of(locks, lock, jvm);
    sim_ns every_ns = third(&locks->scenario->lock[lock]), now_ns = locks->sim->now_ns;
    if (watchdog->beat_ns == 0) {
        uint64_t entity = (uint64_t)1 << 62 | jvm;
        double share = random_block(locks->random, PURPOSE_LOCK, entity, 0).word[0] * 0x1p-32;
        watchdog->beat_ns = (sim_ns)((double)every_ns * share) - every_ns;
    }
    watchdog->beat_ns += (now_ns - watchdog->beat_ns) / every_ns * every_ns;
    watchdog->running = true;
    sim_at(locks->sim, watchdog->beat_ns + every_ns, SIM_TIMER, on_beat, locks, jvm, lock);
}

/* ---- a timer for each lock ---- */

static void on_own_timer(void *context, uint32_t thread, uint64_t argument)
{
    struct locks *locks = context;
    struct lock_entry *entry = entry_find(locks, (uint32_t)(argument % MAX_LOCKS), argument / MAX_LOCKS);
    if (!entry || entry->watched != thread + 1) return;
    renew_send(locks, entry);
    entry->renewal = sim_at(locks->sim, locks->sim->now_ns + third(spec_of(locks, entry)), SIM_TIMER, on_own_timer,
                            locks, thread, argument);
}

void watchdog_add(struct locks *locks, struct lock_entry *entry, uint32_t thread)
{
    if (entry->watched == thread + 1) {
        entry->n_watched++;
        return;
    }
    if (entry->watched) watchdog_remove(locks, entry);
    const struct lock_spec *spec = spec_of(locks, entry);
    struct watchdog *watchdog = watchdog_of(locks, entry->lock, locks->jvm[thread]);
    entry->watched = thread + 1;
    entry->n_watched = 1;
    watchdog->n_watched++;
    if (spec->renewal == WATCHDOG_PER_CLIENT && (!watchdog->running || is_dead(locks, watchdog, third(spec))))
        beat_start(locks, entry->lock, locks->jvm[thread]);
    if (spec->renewal == WATCHDOG_PER_LOCK)
        entry->renewal = sim_at(locks->sim, locks->sim->now_ns + entry->round_trip_ns / 2 + third(spec), SIM_TIMER,
                                on_own_timer, locks, thread, entry->key * MAX_LOCKS + entry->lock);
}

/* It counts acquires without a lease, and takes off one for each unlock, whatever that one's acquire was. */
void watchdog_subtract(struct locks *locks, struct lock_entry *entry, uint32_t thread)
{
    if (entry->watched == thread + 1 && --entry->n_watched == 0) watchdog_remove(locks, entry);
}

void watchdog_remove(struct locks *locks, struct lock_entry *entry)
{
    watchdog_of(locks, entry->lock, locks->jvm[entry->watched - 1])->n_watched--;
    entry->watched = entry->n_watched = 0;
    if (entry->renewal) sim_cancel(locks->sim, entry->renewal);
    entry->renewal = 0;
}

void watchdog_actors(struct locks *locks, struct processes *processes)
{
    process_acts(processes, on_beat, NULL, NULL);
    process_acts(processes, on_own_timer, locks->jvm, NULL);
}
