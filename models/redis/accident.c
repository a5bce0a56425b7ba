/* SPDX-License-Identifier: GPL-3.0-or-later
 * Kept apart from the locks: a run without faults has no accidents, and asks one pointer. */
#include "models/redis/accident.h"

#include "models/purpose.h"
#include "models/redis/entry.h"

/* What a fail-over may forget. acquired_ns, expires_ns: of the hold that a release has ended. */
struct written { uint32_t lock; bool released; uint64_t key; sim_ns at_ns, acquired_ns, expires_ns; };

/* A ring of a store's last writes, in the order of time: all of them that any of its fail-overs may forget. */
struct past { struct written *write; uint32_t first, n, capacity /* a power of 2 */; sim_ns kept_ns; };

enum { WRITES_AT_FIRST = 64 };

struct lock_accidents {
    struct { sim_ns commands_ns, answers_ns; } *outage; /* by store: until when the one and the other are lost */
    uint64_t *drop_below;                               /* by lock: of 2^32 */
    uint32_t n_drops, n_failovers;
    struct past *past; /* by store */
};

void locks_expect_accidents(struct locks *locks)
{
    if (locks->accidents) return;
    struct arena *arena = locks->sim->arena;
    struct lock_accidents *accidents = arena_new(arena, struct lock_accidents);
    accidents->outage = arena_alloc(arena, locks->scenario->n_stores * sizeof *accidents->outage);
    accidents->drop_below = arena_array(arena, uint64_t, locks->scenario->n_locks);
    accidents->past = arena_array(arena, struct past, locks->scenario->n_stores);
    for (uint32_t i = 0; i < locks->scenario->n_faults; i++) {
        const struct fault_spec *fault = &locks->scenario->fault[i];
        if (fault->kind != FAULT_FAILOVER) continue;
        sim_ns *kept_ns = &accidents->past[fault->target].kept_ns;
        if (*kept_ns < fault->lost_ns) *kept_ns = fault->lost_ns;
    }
    locks->accidents = accidents;
}

/* ---- what was written last ---- */

static struct written *past_at(const struct past *past, uint32_t i)
{
    return &past->write[(past->first + i) & (past->capacity - 1)];
}

static void past_grow(struct past *past, struct arena *arena)
{
    struct past grown = { .n = past->n, .capacity = past->capacity ? 2 * past->capacity : WRITES_AT_FIRST,
                          .kept_ns = past->kept_ns };
    grown.write = arena_array(arena, struct written, grown.capacity);
    for (uint32_t i = 0; i < past->n; i++) grown.write[i] = *past_at(past, i);
    *past = grown;
}

static void past_note(struct locks *locks, struct written written)
{
    const uint32_t store = locks->scenario->lock[written.lock].store;
    if (!locks->accidents || store == NONE) return;
    struct past *past = &locks->accidents->past[store];
    if (past->kept_ns == 0) return;
    for (; past->n > 0 && past_at(past, 0)->at_ns <= written.at_ns - past->kept_ns; past->n--) past->first++;
    if (past->n == past->capacity) past_grow(past, locks->sim->arena);
    *past_at(past, past->n++) = written;
}

void note_release(struct locks *locks, const struct lock_entry *entry)
{
    past_note(locks, (struct written){ entry->lock, true, entry->key, locks->sim->now_ns, entry->acquired_ns,
                                       entry->redis.expires_ns });
}

void note_token(struct locks *locks, const struct lock_entry *entry)
{
    past_note(locks, (struct written){ entry->lock, false, entry->key, locks->sim->now_ns, SIM_NEVER, SIM_NEVER });
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
    sim_ns *commands_ns = &locks->accidents->outage[store].commands_ns;
    sim_ns *answers_ns = &locks->accidents->outage[store].answers_ns;
    if (!answers_only && *commands_ns < until_ns) *commands_ns = until_ns;
    if (*answers_ns < until_ns) *answers_ns = until_ns; /* a command that is lost has no answer */
}

bool is_unreachable(const struct locks *locks, uint32_t lock)
{
    uint32_t store = locks->scenario->lock[lock].store;
    return locks->accidents && store != NONE && locks->accidents->outage[store].answers_ns > locks->sim->now_ns;
}

bool answers_only(const struct locks *locks, uint32_t lock)
{
    return locks->accidents->outage[locks->scenario->lock[lock].store].commands_ns <= locks->sim->now_ns;
}

static void key_vanish(struct locks *locks, struct lock_entry *entry, enum loss_cause cause)
{
    if (entry->redis.owner) entry_lose(locks, entry, cause, locks->sim->now_ns);
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
    locks->accidents->past[store].n = 0; /* nor does a replica have what went before */
}

/* The replica that is promoted has acknowledged the acquire. */
static bool is_acknowledged(struct locks *locks, uint32_t lock, uint64_t key)
{
    uint32_t replicas = locks->scenario->lock[lock].replicas;
    if (replicas == 0) return false;
    uint64_t entity = (uint64_t)5 << 61 | (uint64_t)lock << 32 | (uint32_t)key;
    uint32_t word = random_block(locks->random, PURPOSE_LOCK, entity, locks->accidents->n_failovers).word[0];
    return (uint64_t)word * replicas >> 32 == 0;
}

static void release_undo(struct locks *locks, const struct written *released)
{
    if (released->expires_ns <= locks->sim->now_ns) return;
    struct lock_entry *entry = entry_get(locks, released->lock, released->key);
    if (entry->redis.owner == 0) {
        entry->redis = (struct lock_key){ OWNER_GONE, 1, released->expires_ns };
        entry->acquired_ns = released->acquired_ns;
        locks->fact[entry->lock].orphans++;
    }
}

/* The last write first. */
static void past_undo(struct locks *locks, struct past *past, sim_ns since_ns)
{
    while (past->n > 0) {
        const struct written *last = past_at(past, past->n - 1);
        if (last->at_ns <= since_ns) return;
        past->n--;
        if (last->released && last->acquired_ns <= since_ns) release_undo(locks, last);
        if (!last->released && !is_acknowledged(locks, last->lock, last->key))
            token_take_back(locks, last->lock, last->key);
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
                !is_acknowledged(locks, entry->lock, entry->key))
                key_vanish(locks, entry, LOSS_FAILOVER);
    past_undo(locks, &accidents->past[store], since_ns);
}

/* ---- messages ---- */

void locks_drop(struct locks *locks, uint32_t lock, double share)
{
    locks->accidents->drop_below[lock] = (uint64_t)(share * 0x1p32 + 0.5);
}

bool is_dropped(struct locks *locks, uint32_t lock)
{
    struct lock_accidents *accidents = locks->accidents;
    if (!accidents || accidents->drop_below[lock] == 0) return false;
    uint64_t entity = (uint64_t)7 << 61 | lock;
    bool dropped = random_block(locks->random, PURPOSE_LOCK, entity, accidents->n_drops++).word[0] <
                   accidents->drop_below[lock];
    locks->fact[lock].lost_messages += dropped;
    return dropped;
}
