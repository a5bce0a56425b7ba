/* SPDX-License-Identifier: GPL-3.0-or-later
 * Kept apart from the locks: a run without faults has no accidents, and asks one pointer. */
#include "models/redis/accident.h"

#include "models/purpose.h"
#include "models/redis/entry.h"

enum { RELEASES_KEPT = 256 };

struct released { uint32_t lock; uint64_t key; sim_ns acquired_ns, at_ns, expires_ns; };

struct lock_accidents {
    struct { sim_ns until_ns; bool answers_only; } *outage; /* by store */
    struct { sim_ns until_ns; uint64_t below; } *drop; /* by lock */
    uint32_t n_drops, n_failovers;
    struct released released[RELEASES_KEPT]; /* ring of the last ones */
    uint32_t n_released;
};

void locks_expect_accidents(struct locks *locks)
{
    if (locks->accidents) return;
    struct arena *arena = locks->sim->arena;
    struct lock_accidents *accidents = arena_new(arena, struct lock_accidents);
    accidents->outage = arena_alloc(arena, locks->scenario->n_stores * sizeof *accidents->outage);
    accidents->drop = arena_alloc(arena, locks->scenario->n_locks * sizeof *accidents->drop);
    locks->accidents = accidents;
}

/* ---- processes ---- */

bool stood_still(const struct locks *locks, uint32_t jvm, sim_ns from_ns, sim_ns to_ns)
{
    if (!locks->processes) return false;
    const struct instance *instance = &locks->processes->instance[jvm];
    return instance->paused_until_ns > from_ns && instance->paused_from_ns < to_ns;
}

/* ---- Redis ---- */

void locks_outage(struct locks *locks, uint32_t store, sim_ns until_ns, bool answers_only)
{
    if (locks->accidents->outage[store].until_ns < until_ns) locks->accidents->outage[store].until_ns = until_ns;
    locks->accidents->outage[store].answers_only = answers_only;
}

bool is_unreachable(const struct locks *locks, uint32_t lock)
{
    uint32_t store = locks->scenario->lock[lock].store;
    return locks->accidents && store != NONE && locks->accidents->outage[store].until_ns > locks->sim->now_ns;
}

bool answers_only(const struct locks *locks, uint32_t lock)
{
    return locks->accidents->outage[locks->scenario->lock[lock].store].answers_only;
}

static void key_vanish(struct locks *locks, struct lock_entry *entry, enum loss_cause cause)
{
    if (entry->redis.owner == OWNER_GONE) entry->redis.owner = entry->redis.count = 0;
    else if (entry->redis.owner) entry_lose(locks, entry, cause, locks->sim->now_ns);
}

void locks_restart(struct locks *locks, uint32_t store)
{
    for (uint32_t i = 0; i < LOCK_BUCKETS; i++)
        for (struct lock_entry *entry = locks->bucket[i]; entry; entry = entry->next)
            if (spec_of(locks, entry)->store == store) {
                key_vanish(locks, entry, LOSS_RESTART);
                fair_vanish(locks, entry);
            }
    tokens_vanish(locks, store);
}

/* The replica that is promoted has acknowledged the acquire. */
static bool is_acknowledged(struct locks *locks, const struct lock_entry *entry)
{
    uint32_t replicas = spec_of(locks, entry)->replicas;
    if (replicas == 0) return false;
    uint64_t entity = (uint64_t)5 << 61 | (uint64_t)entry->lock << 32 | (uint32_t)entry->key;
    uint32_t word = random_block(locks->random, PURPOSE_LOCK, entity, locks->accidents->n_failovers).word[0];
    return (uint64_t)word * replicas >> 32 == 0;
}

static void release_undo(struct locks *locks, const struct released *released)
{
    if (released->expires_ns <= locks->sim->now_ns) return;
    struct lock_entry *entry = entry_get(locks, released->lock, released->key);
    if (entry->redis.owner == 0) {
        entry->redis = (struct lock_key){ OWNER_GONE, 1, released->expires_ns };
        locks->fact[entry->lock].orphans++;
    }
}

void locks_failover(struct locks *locks, uint32_t store, sim_ns lost_ns)
{
    struct lock_accidents *accidents = locks->accidents;
    sim_ns since_ns = locks->sim->now_ns - lost_ns;
    accidents->n_failovers++;
    for (uint32_t i = 0; i < LOCK_BUCKETS; i++)
        for (struct lock_entry *entry = locks->bucket[i]; entry; entry = entry->next)
            if (spec_of(locks, entry)->store == store && entry->acquired_ns > since_ns &&
                !is_acknowledged(locks, entry))
                key_vanish(locks, entry, LOSS_FAILOVER);
    for (uint32_t i = 0; i < RELEASES_KEPT && i < accidents->n_released; i++) {
        const struct released *released = &accidents->released[i];
        bool held_then = released->acquired_ns <= since_ns && released->at_ns > since_ns;
        if (held_then && locks->scenario->lock[released->lock].store == store)
            release_undo(locks, released);
    }
}

void note_release(struct locks *locks, const struct lock_entry *entry)
{
    if (!locks->accidents) return;
    struct released *released = &locks->accidents->released[locks->accidents->n_released++ % RELEASES_KEPT];
    *released = (struct released){ entry->lock, entry->key, entry->acquired_ns, locks->sim->now_ns,
                                   entry->redis.expires_ns };
}

/* ---- messages ---- */

void locks_drop(struct locks *locks, uint32_t lock, double share, sim_ns until_ns)
{
    locks->accidents->drop[lock].below = (uint64_t)(share * 0x1p32 + 0.5);
    locks->accidents->drop[lock].until_ns = until_ns;
}

bool is_dropped(struct locks *locks, uint32_t lock)
{
    struct lock_accidents *accidents = locks->accidents;
    if (!accidents || accidents->drop[lock].until_ns <= locks->sim->now_ns) return false;
    uint64_t entity = (uint64_t)7 << 61 | lock;
    bool dropped = random_block(locks->random, PURPOSE_LOCK, entity, accidents->n_drops++).word[0] <
                   accidents->drop[lock].below;
    locks->fact[lock].lost_messages += dropped;
    return dropped;
}
