/* SPDX-License-Identifier: GPL-3.0-or-later
 * Entries exist while somebody is inside, waits, or holds the key; an uncontended lock costs two table look-ups. */
#include "models/redis/lock.h"

#include <string.h>

#include "models/purpose.h"

enum { FACT_LOCKED = 5, FACT_UNLOCKED = 6 };

void locks_init(struct locks *locks, struct sim *sim, const struct scenario *scenario, const struct dist *push,
                struct random_key key, uint32_t n_threads, const uint32_t *jvm,
                void (*answered)(void *context, uint32_t thread, bool got), void *context)
{
    memset(locks, 0, sizeof *locks);
    locks->sim = sim;
    locks->scenario = scenario;
    locks->push = push;
    locks->key = key;
    locks->jvm = jvm;
    locks->answered = answered;
    locks->context = context;
    locks->waiter = arena_array(sim->arena, struct lock_waiter, n_threads);
    locks->fact = arena_array(sim->arena, struct lock_facts, scenario->n_locks);
    for (uint32_t i = 0; i < scenario->n_locks; i++) {
        tally_init(&locks->fact[i].wait, sim->arena, 0);
        tally_init(&locks->fact[i].hold, sim->arena, 0);
    }
}

/* ---- entries ---- */

static struct lock_entry **bucket_of(struct locks *locks, uint32_t lock, uint64_t key)
{
    return &locks->bucket[random_mix(key * MAX_LOCKS + lock) % LOCK_BUCKETS];
}

static struct lock_entry *entry_get(struct locks *locks, uint32_t lock, uint64_t key)
{
    struct lock_entry **bucket = bucket_of(locks, lock, key);
    for (struct lock_entry *entry = *bucket; entry; entry = entry->next)
        if (entry->key == key && entry->lock == lock) return entry;
    struct lock_entry *entry = locks->free_entry;
    if (entry) locks->free_entry = entry->next;
    else entry = arena_new(locks->sim->arena, struct lock_entry);
    *entry = (struct lock_entry){ .next = *bucket, .lock = lock, .key = key };
    *bucket = entry;
    return entry;
}

static void entry_drop_if_idle(struct locks *locks, struct lock_entry *entry)
{
    if (entry->owner || entry->inside || entry->waiters || entry->channel) return;
    struct lock_entry **link = bucket_of(locks, entry->lock, entry->key);
    while (*link != entry) link = &(*link)->next;
    *link = entry->next;
    entry->next = locks->free_entry;
    locks->free_entry = entry;
}

/* ---- scripts ---- */

static bool script_acquire(struct locks *locks, struct lock_entry *entry, uint32_t thread)
{
    sim_ns now_ns = locks->sim->now_ns;
    struct lock_facts *fact = &locks->fact[entry->lock];
    if (entry->owner && now_ns >= entry->expires_ns) {
        entry->owner = 0;
        fact->expired_while_held++;
    }
    if (entry->owner && entry->owner != thread + 1) return false;
    entry->expires_ns = now_ns + locks->scenario->lock[entry->lock].lease_ns;
    if (entry->owner) {
        entry->count++;
        return true;
    }
    entry->owner = thread + 1;
    entry->count = 1;
    entry->acquired_ns = now_ns;
    if (entry->inside++ > 0) fact->overlaps++;
    locks->n_inside++;
    fact->acquired++;
    sim_fact(locks->sim, now_ns, FACT_LOCKED, entry->key << 8 | entry->lock);
    return true;
}

static sim_ns push_latency(struct locks *locks, uint32_t lock, uint32_t thread)
{
    struct random_words words = random_block(locks->key, PURPOSE_LOCK, (uint64_t)lock << 32 | thread,
                                             locks->waiter[thread].wakes++);
    return dist_draw(&locks->push[lock], words.word[0]);
}

/* ---- tryLock of a refused thread ---- */

static void on_try(void *context, uint32_t thread, uint64_t argument);
static void on_refused(void *context, uint32_t thread, uint64_t argument);

static void channel_leave(struct locks *locks, struct lock_waiter *waiter)
{
    struct lock_channel *channel = waiter->channel;
    waiter->channel = NULL;
    if (--channel->subscribers > 0) return;
    struct lock_channel **link = &waiter->entry->channel;
    while (*link != channel) link = &(*link)->next;
    *link = channel->next;
    channel->next = locks->free_channel;
    locks->free_channel = channel;
}

static void waiter_answer(struct locks *locks, uint32_t thread, bool got)
{
    struct lock_waiter *waiter = &locks->waiter[thread];
    struct lock_entry *entry = waiter->entry;
    if (waiter->channel) channel_leave(locks, waiter);
    waiter->entry = NULL;
    entry->waiters--;
    if (!got) {
        locks->fact[entry->lock].timed_out++;
        tally_add(&locks->fact[entry->lock].wait, locks->sim->now_ns - waiter->refused_ns);
    }
    entry_drop_if_idle(locks, entry);
    locks->answered(locks->context, thread, got);
}

static void on_got(void *context, uint32_t thread, uint64_t argument)
{
    (void)argument;
    waiter_answer(context, thread, true);
}

/* A further try is sent now. */
static void try_send(struct locks *locks, uint32_t thread)
{
    struct lock_waiter *waiter = &locks->waiter[thread];
    sim_at(locks->sim, locks->sim->now_ns + waiter->round_trip_ns / 2, SIM_SERVER, on_try, locks, thread, 0);
}

static void on_try(void *context, uint32_t thread, uint64_t argument)
{
    struct locks *locks = context;
    struct lock_waiter *waiter = &locks->waiter[thread];
    sim_ns back_ns = locks->sim->now_ns + waiter->round_trip_ns - waiter->round_trip_ns / 2;
    (void)argument;
    if (script_acquire(locks, waiter->entry, thread)) {
        tally_add(&locks->fact[waiter->entry->lock].wait, locks->sim->now_ns - waiter->refused_ns);
        sim_at(locks->sim, back_ns, SIM_CONSUMER, on_got, locks, thread, 0);
        return;
    }
    sim_ns ttl_ns = waiter->entry->expires_ns - locks->sim->now_ns;
    sim_at(locks->sim, back_ns, SIM_CONSUMER, on_refused, locks, thread, (uint64_t)ttl_ns);
}

/* Out of the queue for permits, if it stands there. */
static void queue_leave(struct locks *locks, struct lock_channel *channel, uint32_t thread)
{
    uint32_t before = 0, at = channel->first;
    while (at != 0 && at != thread + 1) {
        before = at;
        at = locks->waiter[at - 1].next;
    }
    if (at == 0) return;
    if (before) locks->waiter[before - 1].next = locks->waiter[thread].next;
    else channel->first = locks->waiter[thread].next;
    if (channel->last == thread + 1) channel->last = before;
}

static void on_timer(void *context, uint32_t thread, uint64_t argument)
{
    struct locks *locks = context;
    struct lock_waiter *waiter = &locks->waiter[thread];
    struct lock_channel *channel = waiter->channel;
    (void)argument;
    queue_leave(locks, channel, thread);
    if (locks->sim->now_ns >= waiter->deadline_ns) waiter_answer(locks, thread, false);
    else try_send(locks, thread);
}

/* Refused after the subscription: waits for a permit, the holder's time to live, or the end of its patience. */
static void on_refused(void *context, uint32_t thread, uint64_t ttl_ns)
{
    struct locks *locks = context;
    struct lock_waiter *waiter = &locks->waiter[thread];
    struct lock_channel *channel = waiter->channel;
    sim_ns now_ns = locks->sim->now_ns, until_ns = now_ns + (sim_ns)ttl_ns;
    if (now_ns >= waiter->deadline_ns) {
        waiter_answer(locks, thread, false);
        return;
    }
    if (channel->permits > 0) {
        channel->permits--;
        try_send(locks, thread);
        return;
    }
    waiter->next = 0;
    if (channel->last) locks->waiter[channel->last - 1].next = thread + 1;
    else channel->first = thread + 1;
    channel->last = thread + 1;
    if (until_ns > waiter->deadline_ns) until_ns = waiter->deadline_ns;
    waiter->timer = sim_at(locks->sim, until_ns, SIM_TIMER, on_timer, locks, thread, 0);
}

/* The JVM's subscription is active; TRY2 follows at once. */
static void on_subscribed(void *context, uint32_t thread, uint64_t argument)
{
    (void)argument;
    try_send(context, thread);
}

/* TRY1 was refused and the answer is back: subscribe. */
static void on_first_refused(void *context, uint32_t thread, uint64_t argument)
{
    struct locks *locks = context;
    struct lock_waiter *waiter = &locks->waiter[thread];
    struct lock_entry *entry = waiter->entry;
    (void)argument;
    if (locks->sim->now_ns >= waiter->deadline_ns) {
        waiter_answer(locks, thread, false);
        return;
    }
    struct lock_channel *channel = entry->channel;
    while (channel && channel->jvm != locks->jvm[thread]) channel = channel->next;
    bool fresh = !channel;
    if (fresh) {
        channel = locks->free_channel;
        if (channel) locks->free_channel = channel->next;
        else channel = arena_new(locks->sim->arena, struct lock_channel);
        *channel = (struct lock_channel){ .next = entry->channel, .jvm = locks->jvm[thread] };
        entry->channel = channel;
    }
    channel->subscribers++;
    waiter->channel = channel;
    sim_at(locks->sim, locks->sim->now_ns + (fresh ? waiter->round_trip_ns : 0), SIM_CONSUMER, on_subscribed, locks,
           thread, 0);
}

bool lock_acquire(struct locks *locks, uint32_t lock, uint64_t key, uint32_t thread, sim_ns round_trip_ns)
{
    struct lock_entry *entry = entry_get(locks, lock, key);
    if (script_acquire(locks, entry, thread)) {
        tally_add(&locks->fact[lock].wait, 0);
        return true;
    }
    sim_ns now_ns = locks->sim->now_ns;
    struct lock_waiter *waiter = &locks->waiter[thread];
    entry->waiters++;
    locks->fact[lock].contended++;
    waiter->entry = entry;
    waiter->channel = NULL;
    waiter->round_trip_ns = round_trip_ns;
    waiter->refused_ns = now_ns;
    waiter->deadline_ns = now_ns - round_trip_ns / 2 + locks->scenario->lock[lock].wait_ns;
    sim_at(locks->sim, now_ns + round_trip_ns - round_trip_ns / 2, SIM_CONSUMER, on_first_refused, locks, thread, 0);
    return false;
}

/* ---- unlock ---- */

/* The message has reached a JVM: one permit, one thread. */
static void on_permit(void *context, uint32_t jvm, uint64_t argument)
{
    struct locks *locks = context;
    uint32_t lock = (uint32_t)(argument % MAX_LOCKS);
    uint64_t key = argument / MAX_LOCKS;
    struct lock_entry *entry = *bucket_of(locks, lock, key);
    while (entry && (entry->key != key || entry->lock != lock)) entry = entry->next;
    struct lock_channel *channel = entry ? entry->channel : NULL;
    while (channel && channel->jvm != jvm) channel = channel->next;
    if (!channel) return; /* everybody left in the meantime */
    if (channel->first == 0) {
        channel->permits++;
        return;
    }
    uint32_t thread = channel->first - 1;
    struct lock_waiter *waiter = &locks->waiter[thread];
    channel->first = waiter->next;
    if (channel->first == 0) channel->last = 0;
    sim_cancel(locks->sim, waiter->timer);
    try_send(locks, thread);
}

static void publish(struct locks *locks, const struct lock_entry *entry, uint32_t thread)
{
    for (const struct lock_channel *channel = entry->channel; channel; channel = channel->next)
        sim_at(locks->sim, locks->sim->now_ns + push_latency(locks, entry->lock, thread), SIM_CONSUMER, on_permit,
               locks, channel->jvm, entry->key * MAX_LOCKS + entry->lock);
}

bool lock_release(struct locks *locks, uint32_t lock, uint64_t key, uint32_t thread)
{
    struct lock_entry *entry = entry_get(locks, lock, key);
    sim_ns now_ns = locks->sim->now_ns;
    bool owner = entry->owner == thread + 1;
    if (owner && now_ns >= entry->expires_ns) {
        owner = false;
        entry->owner = 0;
        locks->fact[lock].expired_while_held++;
    }
    if (owner && --entry->count > 0) {
        entry->expires_ns = now_ns + locks->scenario->lock[lock].lease_ns;
        return true;
    }
    if (entry->inside > 0) {
        entry->inside--;
        locks->n_inside--;
    }
    if (owner) {
        entry->owner = 0;
        tally_add(&locks->fact[lock].hold, now_ns - entry->acquired_ns);
        sim_fact(locks->sim, now_ns, FACT_UNLOCKED, entry->key << 8 | lock);
        publish(locks, entry, thread);
    }
    entry_drop_if_idle(locks, entry);
    return owner;
}

/* ---- threads that are gone ---- */

/* Nobody: the owner of a key whose holder is gone. */
#define GONE UINT32_MAX

/* A try of a thread that is alive is at Redis. */
static bool try_at_server(const void *context, uint32_t thread)
{
    const struct locks *locks = context;
    return locks->waiter[thread].entry != NULL;
}

void locks_actors(struct locks *locks, struct processes *processes)
{
    process_acts(processes, on_try, locks->jvm, try_at_server);
    process_acts(processes, on_got, locks->jvm, NULL);
    process_acts(processes, on_refused, locks->jvm, NULL);
    process_acts(processes, on_first_refused, locks->jvm, NULL);
    process_acts(processes, on_subscribed, locks->jvm, NULL);
    process_acts(processes, on_timer, locks->jvm, NULL);
    process_acts(processes, on_permit, NULL, NULL);
}

void lock_forget(struct locks *locks, uint32_t thread)
{
    struct lock_waiter *waiter = &locks->waiter[thread];
    struct lock_entry *entry = waiter->entry;
    if (!entry) return;
    sim_cancel(locks->sim, waiter->timer);
    if (waiter->channel) {
        queue_leave(locks, waiter->channel, thread);
        channel_leave(locks, waiter);
    }
    waiter->entry = NULL;
    entry->waiters--;
    entry_drop_if_idle(locks, entry);
}

void lock_abandon(struct locks *locks, uint32_t lock, uint64_t key, uint32_t thread)
{
    struct lock_entry *entry = entry_get(locks, lock, key);
    if (entry->owner == thread + 1) entry->owner = GONE;
    if (entry->inside > 0) {
        entry->inside--;
        locks->n_inside--;
    }
    entry_drop_if_idle(locks, entry);
}
