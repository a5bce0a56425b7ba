/* SPDX-License-Identifier: GPL-3.0-or-later
 * RedissonFairLock: a queue of threads at Redis, each with an instant at which its place runs out. Only the first of
 * the queue may take a free key, and only it is told when the key gets free, on a channel of its own; so threads are
 * served in the order in which they came. A place that has run out is found by the next script.
 *
 * A thread that dies in the queue is told in vain: those behind it wait for their own times to live. The real lock
 * compares instants of the clients' clocks; here there is one clock. An unlock of a key that is gone answers yes.
 *
 * Source: RedissonFairLock.tryLockInnerAsync (EVAL_LONG), acquireFailedAsync, unlockInnerAsync. */
#include "models/redis/entry.h"

#define SLOT_NS (300 * SIM_S) /* threadWaitTime, where the thread itself would wait for ever */

static sim_ns slot_of(const struct lock_call *call) { return call->wait_ns == SIM_NEVER ? SLOT_NS : call->wait_ns; }

static void first_out(struct locks *locks, struct lock_entry *entry)
{
    struct fair_slot *first = entry->fair_first;
    entry->fair_first = first->next;
    if (!entry->fair_first) entry->fair_last = NULL;
    if (first->thread != NONE) locks->waiter[first->thread].slot = NULL;
    first->next = locks->free_slot;
    locks->free_slot = first;
}

void fair_sweep(struct locks *locks, struct lock_entry *entry)
{
    while (entry->fair_first && entry->fair_first->until_ns <= locks->sim->now_ns) first_out(locks, entry);
}

void fair_vanish(struct locks *locks, struct lock_entry *entry)
{
    while (entry->fair_first) first_out(locks, entry);
}

/* Everybody behind moves up in time by what the one who left had been given. */
static void move_up(struct fair_slot *from, sim_ns by_ns)
{
    for (; from; from = from->next) from->until_ns -= by_ns;
}

static void queue_up(struct locks *locks, struct lock_entry *entry, uint32_t thread, sim_ns until_ns)
{
    struct fair_slot *slot = locks->free_slot;
    if (slot) locks->free_slot = slot->next;
    else slot = arena_new(locks->sim->arena, struct fair_slot);
    *slot = (struct fair_slot){ .thread = thread, .until_ns = until_ns };
    if (entry->fair_last) entry->fair_last->next = slot;
    else entry->fair_first = slot;
    entry->fair_last = slot;
    locks->waiter[thread].slot = slot;
}

bool fair_acquire(struct locks *locks, struct lock_entry *entry, const struct lock_call *call, sim_ns *ttl_ns)
{
    sim_ns now_ns = locks->sim->now_ns, slot_ns = slot_of(call);
    uint32_t owner = call->thread + 1;
    fair_sweep(locks, entry);
    const struct fair_slot *slot = locks->waiter[call->thread].slot;
    if (entry->redis.owner == 0 && entry->fair_first == slot) { /* the first one, or nobody is in the queue */
        if (slot) first_out(locks, entry);
        move_up(entry->fair_first, slot_ns);
        return script_acquire(&entry->redis, owner, call->lease_ns, now_ns);
    }
    if (entry->redis.owner == owner) return script_acquire(&entry->redis, owner, call->lease_ns, now_ns);
    if (slot) {
        *ttl_ns = slot->until_ns - slot_ns - now_ns;
        return false;
    }
    if (entry->fair_last) *ttl_ns = entry->fair_last->until_ns - now_ns;
    else *ttl_ns = entry->redis.owner ? entry->redis.expires_ns - now_ns : -2 * SIM_MS; /* pttl of no key */
    queue_up(locks, entry, call->thread, now_ns + *ttl_ns + slot_ns);
    return false;
}

/* ---- the client ---- */

static void on_subscribed(void *context, uint32_t thread, uint64_t argument)
{
    (void)argument;
    try_send(context, thread);
}

void fair_begin(struct locks *locks, uint32_t thread)
{
    struct lock_waiter *waiter = &locks->waiter[thread];
    waiter->permits = 0;
    waiter->waits = false;
    sim_at(locks->sim, locks->sim->now_ns + waiter->call.round_trip_ns, SIM_CONSUMER, on_subscribed, locks, thread, 0);
}

static void on_timer(void *context, uint32_t thread, uint64_t argument)
{
    struct locks *locks = context;
    struct lock_waiter *waiter = &locks->waiter[thread];
    (void)argument;
    waiter->waits = false;
    if (locks->sim->now_ns >= waiter->deadline_ns) waiter_answer(locks, thread, LOCK_REFUSED);
    else try_send(locks, thread);
}

void fair_refused(struct locks *locks, uint32_t thread, sim_ns ttl_ns)
{
    struct lock_waiter *waiter = &locks->waiter[thread];
    sim_ns now_ns = locks->sim->now_ns, until_ns = now_ns + ttl_ns;
    if (waiter->permits > 0) {
        waiter->permits--;
        try_send(locks, thread);
        return;
    }
    /* Who sleeps for 0 ms asks again later than now, also where commands take no time: nothing is left by then. */
    if (until_ns == now_ns && waiter->call.round_trip_ns == 0) until_ns++;
    if (until_ns < now_ns || until_ns > waiter->deadline_ns) until_ns = waiter->deadline_ns; /* ttl < 0: no bound */
    waiter->waits = true;
    waiter->timer = sim_at(locks->sim, until_ns, SIM_TIMER, on_timer, locks, thread, 0);
}

static void on_told(void *context, uint32_t thread, uint64_t argument)
{
    struct locks *locks = context;
    struct lock_waiter *waiter = &locks->waiter[thread];
    if (!waiter->entry || waiter->entry->key != argument) return;
    if (!waiter->waits) {
        waiter->permits++;
        return;
    }
    waiter->waits = false;
    sim_cancel(locks->sim, waiter->timer);
    try_send(locks, thread);
}

void fair_publish(struct locks *locks, struct lock_entry *entry, uint32_t thread)
{
    if (!entry->fair_first || is_dropped(locks, entry->lock) || entry->fair_first->thread == NONE) return;
    sim_at(locks->sim, locks->sim->now_ns + push_latency(locks, entry->lock, thread), SIM_CONSUMER, on_told, locks,
           entry->fair_first->thread, entry->key);
}

void fair_leave(struct locks *locks, uint32_t thread)
{
    struct lock_waiter *waiter = &locks->waiter[thread];
    struct lock_entry *entry = waiter->entry;
    struct fair_slot *slot = waiter->slot, *before = NULL;
    if (!slot) return;
    for (struct fair_slot *at = entry->fair_first; at != slot; at = at->next) before = at;
    move_up(slot->next, slot_of(&waiter->call));
    if (!before) {
        first_out(locks, entry);
        return;
    }
    before->next = slot->next;
    if (entry->fair_last == slot) entry->fair_last = before;
    slot->next = locks->free_slot;
    locks->free_slot = slot;
    waiter->slot = NULL;
}

void fair_abandon(struct locks *locks, uint32_t thread)
{
    struct lock_waiter *waiter = &locks->waiter[thread];
    if (waiter->slot) waiter->slot->thread = NONE;
    waiter->slot = NULL;
}

void fair_actors(struct locks *locks, struct processes *processes)
{
    process_acts(processes, on_subscribed, locks->jvm, NULL);
    process_acts(processes, on_timer, locks->jvm, NULL);
    process_acts(processes, on_told, locks->jvm, NULL);
}
