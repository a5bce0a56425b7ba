/* SPDX-License-Identifier: GPL-3.0-or-later
 * Entries exist while somebody is inside, waits, or holds the key; an uncontended lock costs two table look-ups.
 * An expiry is no event: it is found by the next script that looks at the key. */
#include "models/redis/lock.h"

#include <string.h>

#include "models/purpose.h"
#include "models/redis/accident.h"
#include "models/redis/entry.h"

enum { FACT_LOCKED = 5, FACT_UNLOCKED = 6 };

void locks_init(struct locks *locks, struct sim *sim, const struct scenario *scenario, const struct dist *push,
                struct random_key random, uint32_t n_threads, const uint32_t *jvm, uint32_t n_jvms,
                struct lock_calls calls)
{
    memset(locks, 0, sizeof *locks);
    locks->sim = sim;
    locks->scenario = scenario;
    locks->push = push;
    locks->random = random;
    locks->jvm = jvm;
    locks->n_threads = n_threads;
    locks->n_jvms = n_jvms;
    locks->answered = calls.answered;
    locks->overlapped = calls.overlapped;
    locks->context = calls.context;
    locks->waiter = arena_array(sim->arena, struct lock_waiter, n_threads);
    locks->stay = arena_array(sim->arena, struct lock_stay, (size_t)n_threads * scenario->n_locks);
    locks->fact = arena_array(sim->arena, struct lock_facts, scenario->n_locks);
    for (uint32_t i = 0; i < scenario->n_locks; i++) {
        tally_init(&locks->fact[i].wait, sim->arena, 0);
        tally_init(&locks->fact[i].hold, sim->arena, 0);
    }
    watchdog_init(locks);
    tokens_init(locks);
}

/* ---- entries ---- */

static uint32_t bucket_index(uint32_t lock, uint64_t key)
{
    return (uint32_t)(random_mix(key * MAX_LOCKS + lock) % LOCK_BUCKETS);
}

static struct lock_entry **bucket_of(struct locks *locks, uint32_t lock, uint64_t key)
{
    return &locks->bucket[bucket_index(lock, key)];
}

struct lock_entry *entry_find(const struct locks *locks, uint32_t lock, uint64_t key)
{
    struct lock_entry *entry = locks->bucket[bucket_index(lock, key)];
    while (entry && (entry->key != key || entry->lock != lock)) entry = entry->next;
    return entry;
}

struct lock_entry *entry_get(struct locks *locks, uint32_t lock, uint64_t key)
{
    struct lock_entry *entry = entry_find(locks, lock, key);
    if (entry) return entry;
    struct lock_entry **bucket = bucket_of(locks, lock, key);
    entry = locks->free_entry;
    if (entry) locks->free_entry = entry->next;
    else entry = arena_new(locks->sim->arena, struct lock_entry);
    *entry = (struct lock_entry){ .next = *bucket, .lock = lock, .key = key };
    *bucket = entry;
    return entry;
}

void entry_drop_if_idle(struct locks *locks, struct lock_entry *entry)
{
    if (entry->redis.owner || entry->inside || entry->waiters || entry->channel || entry->fair_first) return;
    struct lock_entry **link = bucket_of(locks, entry->lock, entry->key);
    while (*link != entry) link = &(*link)->next;
    *link = entry->next;
    entry->next = locks->free_entry;
    locks->free_entry = entry;
}

/* ---- losses ---- */

/* Why a time to live has run out on its owner. */
static enum loss_cause expiry_cause(const struct locks *locks, const struct lock_entry *entry)
{
    uint32_t jvm = locks->jvm[entry->redis.owner - 1];
    bool watched = entry->watched == entry->redis.owner;
    if (entry->redis.expires_ns < entry->longest_ns) return LOSS_NESTED_LEASE;
    if (entry->unrenewed) return LOSS_WATCHDOG;
    if (stood_still(locks, jvm, entry->acquired_ns, entry->redis.expires_ns))
        return watched ? LOSS_PAUSE_WATCHDOG : LOSS_PAUSE_LEASE;
    return watched ? LOSS_WATCHDOG : LOSS_LEASE;
}

static struct lock_stay *stay_of(const struct locks *locks, uint32_t lock, uint32_t thread)
{
    return &locks->stay[(size_t)thread * locks->scenario->n_locks + lock];
}

const struct lock_loss *lock_loss_of(const struct locks *locks, uint32_t lock, uint32_t thread)
{
    return &stay_of(locks, lock, thread)->loss;
}

/* The key's owner lives, and knows that it has it. */
static bool owner_is_inside(const struct locks *locks, const struct lock_entry *entry)
{
    if (entry->redis.owner == OWNER_GONE) return false;
    const struct lock_stay *stay = stay_of(locks, entry->lock, entry->redis.owner - 1);
    return stay->inside && stay->loss.key == entry->key;
}

/* The thread is none of those any more who are inside without the key. */
static void losers_without(struct locks *locks, struct lock_entry *entry, uint32_t thread)
{
    uint32_t *link = &entry->loser;
    while (*link && *link != thread + 1) link = &stay_of(locks, entry->lock, *link - 1)->before;
    if (*link) *link = stay_of(locks, entry->lock, thread)->before;
}

void entry_lose(struct locks *locks, struct lock_entry *entry, enum loss_cause cause, sim_ns at_ns)
{
    const uint32_t owner = entry->redis.owner;
    const bool knows = owner_is_inside(locks, entry);
    if (owner != OWNER_GONE) entry->last_owner = owner;
    entry->redis.owner = entry->redis.count = 0;
    if (!knows) return;
    struct lock_stay *stay = stay_of(locks, entry->lock, owner - 1);
    losers_without(locks, entry, owner - 1); /* where it has lost the key before, and got it by a nested acquire */
    stay->loss = (struct lock_loss){ entry->lock, entry->key, cause, entry->acquired_ns, at_ns };
    stay->before = entry->loser;
    entry->loser = owner;
    locks->fact[entry->lock].lost[cause]++;
}

void entry_expire(struct locks *locks, struct lock_entry *entry)
{
    if (entry->redis.owner == 0 || locks->sim->now_ns < entry->redis.expires_ns) return;
    const bool held = owner_is_inside(locks, entry);
    locks->fact[entry->lock].expired_while_held += held;
    entry_lose(locks, entry, held ? expiry_cause(locks, entry) : LOSS_NONE, entry->redis.expires_ns);
}

bool lock_is_held(struct locks *locks, uint32_t lock, uint64_t key, uint32_t thread)
{
    struct lock_entry *entry = entry_find(locks, lock, key);
    if (!entry) return false;
    entry_expire(locks, entry);
    return entry->redis.owner == thread + 1;
}

uint32_t lock_owner(const struct locks *locks, uint32_t lock, uint64_t key)
{
    const struct lock_entry *entry = entry_find(locks, lock, key);
    if (!entry || entry->redis.owner == 0 || entry->redis.owner == OWNER_GONE) return NONE;
    return entry->redis.owner - 1;
}

bool lock_is_lost(struct locks *locks, uint32_t lock, uint64_t key, uint32_t thread, struct lock_loss *loss)
{
    if (lock_is_held(locks, lock, key, thread)) return false;
    *loss = *lock_loss_of(locks, lock, thread);
    return loss->cause != LOSS_NONE && loss->lock == lock && loss->key == key;
}

uint32_t lock_token_given(const struct locks *locks, uint32_t thread) { return locks->waiter[thread].token; }

/* ---- acquire ---- */

/* Somebody comes in: new to the key, as far as he knows. */
static void entry_enter(struct locks *locks, struct lock_entry *entry, const struct lock_call *call)
{
    struct lock_stay *stay = stay_of(locks, entry->lock, call->thread);
    stay->inside = true;
    stay->loss.key = entry->key;
    stay->loss.cause = LOSS_NONE;
    if (entry->inside++ > 0) {
        locks->fact[entry->lock].overlaps++;
        if (locks->overlapped && entry->loser)
            locks->overlapped(locks->context, call->thread, entry->loser - 1,
                              lock_loss_of(locks, entry->lock, entry->loser - 1));
    }
    locks->n_inside++;
}

static void entry_acquired(struct locks *locks, struct lock_entry *entry, const struct lock_call *call)
{
    sim_ns now_ns = locks->sim->now_ns;
    struct lock_facts *fact = &locks->fact[entry->lock];
    entry->acquired_ns = now_ns;
    entry->unrenewed = false;
    entry->longest_ns = 0;
    fact->acquired++;
    if (entry->waiters > 0 && entry->last_owner) {
        fact->hand_offs++;
        fact->kept += entry->last_owner == call->thread + 1;
    }
    sim_fact(locks->sim, now_ns, FACT_LOCKED, entry->key << 8 | entry->lock);
}

static void token_give(struct locks *locks, const struct lock_entry *entry, uint32_t thread)
{
    locks->waiter[thread].token = token_count(locks, entry->lock, entry->key);
    note_token(locks, entry);
}

/* The acquire script. Refused: *ttl_ns is what it answers. */
static bool script_run(struct locks *locks, struct lock_entry *entry, const struct lock_call *call, sim_ns *ttl_ns)
{
    const struct lock_spec *spec = spec_of(locks, entry);
    sim_ns now_ns = locks->sim->now_ns;
    entry_expire(locks, entry);
    if (spec->kind == LOCK_FAIR) {
        if (!fair_acquire(locks, entry, call, ttl_ns)) return false;
    } else if (!script_acquire(&entry->redis, call->thread + 1, call->lease_ns, now_ns)) {
        *ttl_ns = entry->redis.expires_ns - now_ns;
        return false;
    }
    if (!call->nested) entry_enter(locks, entry, call);
    if (entry->redis.count == 1) entry_acquired(locks, entry, call);
    entry_lasts(entry);
    if (spec->kind == LOCK_FENCED) token_give(locks, entry, call->thread);
    entry->round_trip_ns = call->round_trip_ns;
    if (call->watched) watchdog_add(locks, entry, call->thread);
    return true;
}

/* The script runs, but its answer is lost: when it got the key, nobody knows, and no watchdog renews. */
static void script_run_unheard(struct locks *locks, struct lock_entry *entry, const struct lock_call *call)
{
    struct lock_call unheard = *call;
    sim_ns ttl_ns;
    unheard.nested = true;
    unheard.watched = false;
    if (script_run(locks, entry, &unheard, &ttl_ns)) locks->fact[entry->lock].orphans++;
}

sim_ns push_latency(struct locks *locks, uint32_t lock, uint32_t thread)
{
    struct random_words words = random_block(locks->random, PURPOSE_LOCK, (uint64_t)lock << 32 | thread,
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

static void channel_stop_waiting(struct locks *locks, struct lock_channel *channel, uint32_t thread)
{
    uint32_t before = 0, at = channel->first;
    for (; at && at != thread + 1; at = locks->waiter[at - 1].next) before = at;
    if (!at) return;
    if (before) locks->waiter[before - 1].next = locks->waiter[thread].next;
    else channel->first = locks->waiter[thread].next;
    if (channel->last == thread + 1) channel->last = before;
}

void waiter_answer(struct locks *locks, uint32_t thread, enum lock_answer answer)
{
    struct lock_waiter *waiter = &locks->waiter[thread];
    struct lock_entry *entry = waiter->entry;
    if (waiter->channel) channel_leave(locks, waiter);
    if (spec_of(locks, entry)->kind == LOCK_FAIR && answer != LOCK_GOT) fair_leave(locks, thread);
    entry->waiters--;
    waiter->entry = NULL;
    waiter->entered = false;
    if (answer != LOCK_GOT) {
        locks->fact[entry->lock].timed_out++;
        tally_count(&locks->fact[entry->lock].wait, locks->sim->now_ns - waiter->refused_ns);
    }
    entry_drop_if_idle(locks, entry);
    locks->answered(locks->context, thread, answer);
}

static void on_got(void *context, uint32_t thread, uint64_t argument)
{
    (void)argument;
    waiter_answer(context, thread, LOCK_GOT);
}

/* No answer within the command's time-out: the first try throws, a later one ends tryLock with false. */
static void on_no_answer(void *context, uint32_t thread, uint64_t first)
{
    struct locks *locks = context;
    waiter_answer(locks, thread, first ? LOCK_THREW : LOCK_REFUSED);
}

static void no_answer(struct locks *locks, uint32_t thread, sim_ns sent_ns, bool first)
{
    const struct lock_call *call = &locks->waiter[thread].call;
    sim_ns until_ns = sent_ns + locks->scenario->lock[call->lock].command_timeout_ns;
    locks->fact[call->lock].no_answers++;
    if (until_ns < locks->sim->now_ns) until_ns = locks->sim->now_ns;
    sim_at(locks->sim, until_ns, SIM_TIMER, on_no_answer, locks, thread, first);
}

void try_send(struct locks *locks, uint32_t thread)
{
    struct lock_waiter *waiter = &locks->waiter[thread];
    struct lock_call *call = &waiter->call;
    if (call->round_trip && waiter->tries > 0) {
        uint64_t entity = (uint64_t)1 << 63 | (uint64_t)call->lock << 32 | thread;
        call->round_trip_ns =
            dist_draw(call->round_trip, random_block(locks->random, PURPOSE_LOCK, entity, waiter->tries).word[0]);
    }
    waiter->tries++;
    sim_at(locks->sim, locks->sim->now_ns + call->round_trip_ns / 2, SIM_SERVER, on_try, locks, thread, 0);
}

static void on_try(void *context, uint32_t thread, uint64_t argument)
{
    struct locks *locks = context;
    struct lock_waiter *waiter = &locks->waiter[thread];
    sim_ns there_ns = waiter->call.round_trip_ns / 2, ttl_ns = 0;
    sim_ns back_ns = locks->sim->now_ns + waiter->call.round_trip_ns - there_ns;
    (void)argument;
    if (is_unreachable(locks, waiter->call.lock)) {
        if (answers_only(locks, waiter->call.lock)) script_run_unheard(locks, waiter->entry, &waiter->call);
        no_answer(locks, thread, locks->sim->now_ns - there_ns, false);
    } else if (script_run(locks, waiter->entry, &waiter->call, &ttl_ns)) {
        waiter->entered = !waiter->call.nested;
        tally_count(&locks->fact[waiter->entry->lock].wait, locks->sim->now_ns - waiter->refused_ns);
        sim_at(locks->sim, back_ns, SIM_CONSUMER, on_got, locks, thread, 0);
    } else {
        sim_at(locks->sim, back_ns, SIM_CONSUMER, on_refused, locks, thread, (uint64_t)ttl_ns);
    }
}

static void on_timer(void *context, uint32_t thread, uint64_t argument)
{
    struct locks *locks = context;
    struct lock_waiter *waiter = &locks->waiter[thread];
    (void)argument;
    channel_stop_waiting(locks, waiter->channel, thread);
    if (locks->sim->now_ns >= waiter->deadline_ns) waiter_answer(locks, thread, LOCK_REFUSED);
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
        waiter_answer(locks, thread, LOCK_REFUSED);
        return;
    }
    if (spec_of(locks, waiter->entry)->kind == LOCK_SPIN) {
        spin_refused(locks, thread);
        return;
    }
    if (spec_of(locks, waiter->entry)->kind == LOCK_FAIR) {
        fair_refused(locks, thread, (sim_ns)ttl_ns);
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

static void subscribe(struct locks *locks, uint32_t thread)
{
    struct lock_waiter *waiter = &locks->waiter[thread];
    struct lock_entry *entry = waiter->entry;
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
    sim_at(locks->sim, locks->sim->now_ns + (fresh ? waiter->call.round_trip_ns : 0), SIM_CONSUMER, on_subscribed,
           locks, thread, 0);
}

/* TRY1 was refused and the answer is back: subscribe. */
static void on_first_refused(void *context, uint32_t thread, uint64_t ttl_ns)
{
    struct locks *locks = context;
    struct lock_waiter *waiter = &locks->waiter[thread];
    (void)ttl_ns;
    if (locks->sim->now_ns >= waiter->deadline_ns) {
        waiter_answer(locks, thread, LOCK_REFUSED);
        return;
    }
    switch (spec_of(locks, waiter->entry)->kind) {
    case LOCK_SPIN: spin_begin(locks, thread); break;
    case LOCK_FAIR: fair_begin(locks, thread); break;
    case LOCK_REENTRANT: case LOCK_FENCED: subscribe(locks, thread); break;
    }
}

/* The thread has to wait: refused, or without an answer. */
static struct lock_waiter *waiter_open(struct locks *locks, struct lock_entry *entry, const struct lock_call *call)
{
    sim_ns now_ns = locks->sim->now_ns;
    struct lock_waiter *waiter = &locks->waiter[call->thread];
    entry->waiters++;
    waiter->entry = entry;
    waiter->channel = NULL;
    waiter->call = *call;
    waiter->tries = waiter->tries ? waiter->tries : 1;
    waiter->refused_ns = now_ns;
    const sim_ns called_ns = now_ns - call->round_trip_ns / 2 - call->queued_ns;
    waiter->deadline_ns = call->wait_ns == SIM_NEVER ? SIM_NEVER : called_ns + call->wait_ns;
    return waiter;
}

/* Redis does not answer. Answers only: the script has run, and its caller does not know. */
static bool acquire_unanswered(struct locks *locks, struct lock_entry *entry, const struct lock_call *call)
{
    if (answers_only(locks, call->lock)) script_run_unheard(locks, entry, call);
    waiter_open(locks, entry, call);
    no_answer(locks, call->thread, locks->sim->now_ns - call->round_trip_ns / 2, true);
    return false;
}

bool lock_acquire(struct locks *locks, const struct lock_call *call)
{
    struct lock_entry *entry = entry_get(locks, call->lock, call->key);
    sim_ns ttl_ns = 0;
    if (is_unreachable(locks, call->lock)) return acquire_unanswered(locks, entry, call);
    if (script_run(locks, entry, call, &ttl_ns)) {
        tally_count(&locks->fact[call->lock].wait, 0);
        return true;
    }
    waiter_open(locks, entry, call);
    locks->fact[call->lock].contended++;
    sim_at(locks->sim, locks->sim->now_ns + call->round_trip_ns - call->round_trip_ns / 2, SIM_CONSUMER,
           on_first_refused, locks, call->thread, (uint64_t)ttl_ns);
    return false;
}

/* ---- unlock ---- */

/* The message has reached a JVM: one permit, one thread. */
static void on_permit(void *context, uint32_t jvm, uint64_t argument)
{
    struct locks *locks = context;
    struct lock_entry *entry = entry_find(locks, (uint32_t)(argument % MAX_LOCKS), argument / MAX_LOCKS);
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

static void publish(struct locks *locks, struct lock_entry *entry, uint32_t thread)
{
    if (spec_of(locks, entry)->kind == LOCK_FAIR) {
        fair_publish(locks, entry, thread);
        return;
    }
    for (const struct lock_channel *channel = entry->channel; channel; channel = channel->next)
        if (!is_dropped(locks, entry->lock))
            sim_at(locks->sim, locks->sim->now_ns + push_latency(locks, entry->lock, thread), SIM_CONSUMER, on_permit,
                   locks, channel->jvm, entry->key * MAX_LOCKS + entry->lock);
}

/* The key stays with outer acquires. Where a watchdog would have renewed it for them, this unlock ends that. */
static void release_inner(struct lock_entry *entry, const struct lock_call *acquired)
{
    const bool last = entry->watched == acquired->thread + 1 && entry->n_watched == 1;
    entry_lasts(entry);
    if (last && !acquired->watched) entry->longest_ns = SIM_NEVER;
}

/* What the unlock script answers. RedissonFairLock's says yes when the key is gone. */
static enum unlock_answer release_run(struct locks *locks, struct lock_entry *entry, const struct lock_call *acquired)
{
    const sim_ns now_ns = locks->sim->now_ns;
    const uint32_t thread = acquired->thread;
    const struct lock_spec *spec = spec_of(locks, entry);
    entry_expire(locks, entry);
    if (spec->kind == LOCK_FAIR) fair_sweep(locks, entry);
    if (spec->kind == LOCK_FAIR && entry->redis.owner == 0) {
        publish(locks, entry, thread);
        return UNLOCK_DONE;
    }
    switch (script_release(&entry->redis, thread + 1, acquired->lease_ns, now_ns)) {
    case RELEASE_NOT_OWNER: return UNLOCK_NOT_OWNER;
    case RELEASE_HELD: release_inner(entry, acquired); return UNLOCK_DONE;
    case RELEASE_FREED: break;
    }
    entry->last_owner = thread + 1;
    note_release(locks, entry);
    tally_count(&locks->fact[entry->lock].hold, now_ns - entry->acquired_ns);
    sim_fact(locks->sim, now_ns, FACT_UNLOCKED, entry->key << 8 | entry->lock);
    publish(locks, entry, thread);
    return UNLOCK_DONE;
}

static void entry_leave(struct locks *locks, struct lock_entry *entry, uint32_t thread)
{
    entry->inside--;
    locks->n_inside--;
    stay_of(locks, entry->lock, thread)->inside = false;
    if (entry->loser) losers_without(locks, entry, thread);
    if (entry->watched == thread + 1) watchdog_remove(locks, entry);
}

void lock_leave(struct locks *locks, uint32_t lock, uint64_t key, uint32_t thread)
{
    struct lock_entry *entry = entry_find(locks, lock, key);
    entry_leave(locks, entry, thread);
    entry_drop_if_idle(locks, entry);
}

enum unlock_answer lock_release(struct locks *locks, const struct lock_call *acquired, bool leaves)
{
    const uint32_t lock = acquired->lock;
    struct lock_entry *entry = entry_get(locks, lock, acquired->key);
    enum unlock_answer answer = UNLOCK_NO_ANSWER;
    bool lost = is_unreachable(locks, lock);
    if (!lost || answers_only(locks, lock)) answer = release_run(locks, entry, acquired);
    watchdog_subtract(locks, entry, acquired->thread);
    if (leaves) entry_leave(locks, entry, acquired->thread);
    if (answer == UNLOCK_NOT_OWNER) locks->fact[lock].not_owner++;
    entry_drop_if_idle(locks, entry);
    if (lost) locks->fact[lock].no_answers++;
    return lost ? UNLOCK_NO_ANSWER : answer;
}

/* ---- threads that are gone ---- */

/* A try of a thread that is alive is at Redis. */
static bool try_at_server(const void *context, uint32_t thread)
{
    const struct locks *locks = context;
    return locks->waiter[thread].entry != NULL;
}

void locks_actors(struct locks *locks, struct processes *processes)
{
    locks->processes = processes;
    process_acts(processes, on_try, locks->jvm, try_at_server);
    process_acts(processes, on_got, locks->jvm, NULL);
    process_acts(processes, on_refused, locks->jvm, NULL);
    process_acts(processes, on_first_refused, locks->jvm, NULL);
    process_acts(processes, on_subscribed, locks->jvm, NULL);
    process_acts(processes, on_timer, locks->jvm, NULL);
    process_acts(processes, on_no_answer, locks->jvm, NULL);
    process_acts(processes, on_permit, NULL, NULL);
    watchdog_actors(locks, processes);
    spin_actors(locks, processes);
    fair_actors(locks, processes);
    locks_expect_accidents(locks);
}

void lock_forget(struct locks *locks, uint32_t thread)
{
    struct lock_waiter *waiter = &locks->waiter[thread];
    struct lock_entry *entry = waiter->entry;
    if (!entry) return;
    sim_cancel(locks->sim, waiter->timer);
    if (waiter->channel) {
        channel_stop_waiting(locks, waiter->channel, thread);
        channel_leave(locks, waiter);
    }
    if (entry->redis.owner == thread + 1) entry->redis.owner = OWNER_GONE;
    if (waiter->entered) entry_leave(locks, entry, thread);
    fair_abandon(locks, thread);
    waiter->entry = NULL;
    waiter->waits = waiter->entered = false;
    entry->waiters--;
    entry_drop_if_idle(locks, entry);
}

void locks_client_begins(struct locks *locks, uint32_t jvm)
{
    for (uint32_t i = 0; i < LOCK_BUCKETS; i++)
        for (struct lock_entry *entry = locks->bucket[i]; entry; entry = entry->next) {
            const uint32_t owner = entry->redis.owner;
            if (owner && owner != OWNER_GONE && locks->jvm[owner - 1] == jvm) entry->redis.owner = OWNER_GONE;
        }
}

void lock_abandon(struct locks *locks, uint32_t lock, uint64_t key, uint32_t thread)
{
    struct lock_entry *entry = entry_get(locks, lock, key);
    if (entry->redis.owner == thread + 1) entry->redis.owner = OWNER_GONE;
    entry_leave(locks, entry, thread);
    entry_drop_if_idle(locks, entry);
}
