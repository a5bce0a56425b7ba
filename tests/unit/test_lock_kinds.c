/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: what else Redisson's locks do, beside plain tryLock: the watchdog of both generations, fair and spin locks,
 * tokens; and what befalls them: pauses, restarts, fail-overs, outages, lost messages, each loss with its cause.
 * Method: two to four threads, each in a JVM of its own, on one key, with constant latencies (round trip 200 us,
 * message 300 us); what is called when is written down, and the answers are compared to the microsecond. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "models/redis/accident.h"
#include "models/redis/lock.h"
#include "models/scenario.h"

enum { THREADS = 4, KEY = 77, OTHER_KEY = 78 };

#define RTT  (200 * SIM_US)
#define PUSH (300 * SIM_US)

struct hall {
    struct arena arena;
    struct sim sim;
    struct lock_spec spec;
    struct store_spec store;
    struct fault_spec failover;     /* what happens, tests say */
    struct scenario scenario;
    struct dist push;
    const struct dist *round_trip;  /* of later tries; NULL: as the first */
    struct locks locks;
    struct processes processes;
    uint32_t jvm[THREADS];
    sim_ns answered_ns[THREADS];
    int answer[THREADS];            /* -1: none yet */
    int unlocked[THREADS];          /* -1: none yet */
    uint32_t n_overlaps, loser;
    struct lock_loss loss;          /* of the last overlap */
};

static void on_answered(void *context, uint32_t thread, enum lock_answer answer)
{
    struct hall *hall = context;
    hall->answer[thread] = (int)answer;
    hall->answered_ns[thread] = hall->sim.now_ns;
}

static void on_overlap(void *context, uint32_t thread, uint32_t loser, const struct lock_loss *loss)
{
    struct hall *hall = context;
    (void)thread;
    hall->n_overlaps++;
    hall->loser = loser;
    hall->loss = *loss;
}

static struct hall *hall_open(struct lock_spec spec)
{
    struct hall *hall = calloc(1, sizeof *hall);
    assert_non_null(hall);
    arena_init(&hall->arena);
    sim_init(&hall->sim, &hall->arena);
    hall->spec = spec;
    hall->spec.name = "item";
    hall->spec.command_timeout_ns = 3 * SIM_S;
    hall->store.name = "redis";
    hall->failover = (struct fault_spec){ .kind = FAULT_FAILOVER, .on = ON_STORE, .lost_ns = 3 * SIM_S };
    hall->scenario = (struct scenario){ .n_locks = 1, .lock = &hall->spec, .n_stores = 1, .store = &hall->store,
                                        .n_faults = 1, .fault = &hall->failover };
    hall->push = (struct dist){ .draw = DRAW_CONSTANT, .constant_ns = PUSH };
    for (uint32_t i = 0; i < THREADS; i++) {
        hall->jvm[i] = i;
        hall->answer[i] = hall->unlocked[i] = -1;
    }
    locks_init(&hall->locks, &hall->sim, &hall->scenario, &hall->push, random_key(1, 0), THREADS, hall->jvm, THREADS,
               (struct lock_calls){ on_answered, on_overlap, hall });
    processes_init(&hall->processes, &hall->sim, THREADS);
    locks_actors(&hall->locks, &hall->processes);
    return hall;
}

static void hall_close(struct hall *hall)
{
    assert_int_equal(hall->locks.n_inside, 0);
    arena_fini(&hall->arena);
    free(hall);
}

static void on_acquire(void *context, uint32_t thread, uint64_t lease_ns)
{
    struct hall *hall = context;
    const struct lock_call call = { .lock = 0, .key = KEY, .thread = thread, .wait_ns = hall->spec.wait_ns,
                                    .lease_ns = lease_ns ? (sim_ns)lease_ns : hall->spec.lease_ns,
                                    .watched = hall->spec.watched && !lease_ns, .nested = lease_ns != 0,
                                    .round_trip_ns = RTT, .round_trip = hall->round_trip };
    if (lock_acquire(&hall->locks, &call)) on_answered(hall, thread, LOCK_GOT);
}

static void on_release(void *context, uint32_t thread, uint64_t leaves)
{
    struct hall *hall = context;
    const struct lock_call acquired = { .key = KEY, .thread = thread, .lease_ns = hall->spec.lease_ns,
                                        .watched = hall->spec.watched };
    hall->unlocked[thread] = (int)lock_release(&hall->locks, &acquired, leaves);
}

/* Of an inner acquire with a lease of its own. */
static void on_release_inner(void *context, uint32_t thread, uint64_t lease_ns)
{
    struct hall *hall = context;
    const struct lock_call acquired = { .key = KEY, .thread = thread, .lease_ns = (sim_ns)lease_ns };
    hall->unlocked[thread] = (int)lock_release(&hall->locks, &acquired, false);
}

/* While it holds the key, as before. */
static void on_acquire_again(void *context, uint32_t thread, uint64_t argument)
{
    struct hall *hall = context;
    const struct lock_call call = { .key = KEY, .thread = thread, .lease_ns = hall->spec.lease_ns, .nested = true,
                                    .watched = hall->spec.watched, .round_trip_ns = RTT };
    (void)argument;
    assert_true(lock_acquire(&hall->locks, &call));
}

static void on_acquire_other(void *context, uint32_t thread, uint64_t argument)
{
    struct hall *hall = context;
    const struct lock_call call = { .lock = 0, .key = OTHER_KEY, .thread = thread, .wait_ns = hall->spec.wait_ns,
                                    .lease_ns = hall->spec.lease_ns, .round_trip_ns = RTT };
    (void)argument;
    if (lock_acquire(&hall->locks, &call)) on_answered(hall, thread, LOCK_GOT);
}

static void on_release_other(void *context, uint32_t thread, uint64_t argument)
{
    struct hall *hall = context;
    (void)argument;
    const struct lock_call acquired = { .key = OTHER_KEY, .thread = thread, .lease_ns = hall->spec.lease_ns };
    hall->unlocked[thread] = (int)lock_release(&hall->locks, &acquired, true);
}

static void acquire_at(struct hall *hall, sim_ns at_ns, uint32_t thread)
{
    sim_at(&hall->sim, at_ns, SIM_CONSUMER, on_acquire, hall, thread, 0);
}

static void release_at(struct hall *hall, sim_ns at_ns, uint32_t thread)
{
    sim_at(&hall->sim, at_ns, SIM_CONSUMER, on_release, hall, thread, true);
}

static void run(struct hall *hall) { assert_true(sim_run(&hall->sim, 100000, NULL)); }

static void on_pause(void *context, uint32_t jvm, uint64_t until_ns)
{
    process_pause(&((struct hall *)context)->processes, jvm, (sim_ns)until_ns);
}

static void on_restart(void *context, uint32_t store, uint64_t argument)
{
    (void)argument;
    locks_restart(&((struct hall *)context)->locks, store);
}

static void on_failover(void *context, uint32_t store, uint64_t lost_ns)
{
    locks_failover(&((struct hall *)context)->locks, store, (sim_ns)lost_ns);
}

static void on_outage(void *context, uint32_t answers_only, uint64_t until_ns)
{
    locks_outage(&((struct hall *)context)->locks, 0, (sim_ns)until_ns, answers_only);
}

static void on_drop(void *context, uint32_t lock, uint64_t argument)
{
    (void)argument;
    locks_drop(&((struct hall *)context)->locks, lock, 1);
}

static void on_crash(void *context, uint32_t jvm, uint64_t argument)
{
    struct hall *hall = context;
    (void)argument;
    process_kill(&hall->processes, jvm);
    lock_abandon(&hall->locks, 0, KEY, jvm);
    process_start(&hall->processes, jvm);
}

/* Of a thread that waits. */
static void on_crash_in_wait(void *context, uint32_t jvm, uint64_t argument)
{
    struct hall *hall = context;
    (void)argument;
    process_kill(&hall->processes, jvm);
    lock_forget(&hall->locks, jvm);
    process_start(&hall->processes, jvm);
    locks_client_begins(&hall->locks, jvm);
}

/* ---- watchdog ---- */

/* Held for 100 s without a lease: renewed every 10 s, never lost; unlock stops the watchdog, and the run ends. */
static void test_watchdog_renews(void **state)
{
    static const enum lock_renewal renewals[] = { WATCHDOG_PER_CLIENT, WATCHDOG_PER_LOCK };
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct hall *hall = hall_open((struct lock_spec){ .wait_ns = 5 * SIM_S, .lease_ns = 30 * SIM_S, .watched = true,
                                                          .renewal = renewals[i] });
        acquire_at(hall, SIM_S, 0);
        acquire_at(hall, 50 * SIM_S, 1);
        release_at(hall, 101 * SIM_S, 0);
        run(hall);
        assert_int_equal(hall->unlocked[0], UNLOCK_DONE);
        assert_int_equal(hall->answer[1], LOCK_REFUSED);
        assert_in_range(hall->locks.fact->renewals, i ? 9 : 10, i ? 9 : 11);
        assert_int_equal(hall->locks.fact->expired_while_held, 0);
        hall_close(hall);
    }
}

/* A pause longer than what is left of the 30 s: the watchdog stands still with its process (L3). */
static void test_watchdog_is_frozen(void **state)
{
    struct hall *hall = hall_open((struct lock_spec){ .wait_ns = 60 * SIM_S, .lease_ns = 30 * SIM_S, .watched = true });
    (void)state;
    acquire_at(hall, SIM_S, 0);
    sim_at(&hall->sim, 2 * SIM_S, SIM_FAULT, on_pause, hall, 0, (uint64_t)(40 * SIM_S));
    acquire_at(hall, 3 * SIM_S, 1);
    release_at(hall, 41 * SIM_S, 0);
    release_at(hall, 42 * SIM_S, 1);
    run(hall);
    assert_int_equal(hall->answer[1], LOCK_GOT);
    assert_in_range(hall->answered_ns[1], 31 * SIM_S, 31 * SIM_S + SIM_MS);
    assert_int_equal(hall->n_overlaps, 1);
    assert_int_equal(hall->loss.cause, LOSS_PAUSE_WATCHDOG);
    assert_int_equal(hall->loss.at_ns, 31 * SIM_S);
    assert_int_equal(hall->unlocked[0], UNLOCK_NOT_OWNER);
    assert_int_equal(hall->unlocked[1], UNLOCK_DONE);
    hall_close(hall);
}

/* Redis does not answer for 5 s, over one renewal: a chain of timers renews again, a lock's own timer does not (L4). */
static void test_watchdog_and_outage(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct hall *hall = hall_open((struct lock_spec){
            .wait_ns = 60 * SIM_S, .lease_ns = 30 * SIM_S, .watched = true,
            .renewal = i ? WATCHDOG_PER_LOCK : WATCHDOG_PER_CLIENT });
        acquire_at(hall, SIM_S, 0);
        sim_at(&hall->sim, 9 * SIM_S, SIM_FAULT, on_outage, hall, 0, (uint64_t)(19 * SIM_S + 500 * SIM_MS));
        acquire_at(hall, 20 * SIM_S, 1);
        release_at(hall, 70 * SIM_S, 0);
        release_at(hall, 75 * SIM_S, 1);
        run(hall);
        assert_int_equal(hall->n_overlaps, i);
        assert_int_equal(hall->unlocked[0], i ? UNLOCK_NOT_OWNER : UNLOCK_DONE);
        if (i) assert_int_equal(hall->loss.cause, LOSS_WATCHDOG);
        hall_close(hall);
    }
}

/* ---- what befalls a lock with a lease ---- */

static const struct lock_spec LEASED = { .wait_ns = 5 * SIM_S, .lease_ns = 10 * SIM_S };

/* What happens 2 s after the first acquire; the second thread asks at 4 s, or when the first one's lease is over. */
static void expect_loss(sim_fn *what, uint64_t argument, uint32_t subject, sim_ns asks_ns, enum loss_cause cause)
{
    struct hall *hall = hall_open(LEASED);
    acquire_at(hall, SIM_S, 0);
    if (what) sim_at(&hall->sim, 3 * SIM_S, SIM_FAULT, what, hall, subject, argument);
    acquire_at(hall, asks_ns, 1);
    release_at(hall, 20 * SIM_S, 0);
    release_at(hall, 21 * SIM_S, 1);
    run(hall);
    assert_int_equal(hall->answer[1], LOCK_GOT);
    assert_int_equal(hall->n_overlaps, 1);
    assert_int_equal(hall->loser, 0);
    assert_int_equal(hall->loss.cause, cause);
    assert_int_equal(hall->locks.fact->lost[cause], 1);
    assert_int_equal(hall->unlocked[0], UNLOCK_NOT_OWNER);
    assert_int_equal(hall->unlocked[1], UNLOCK_NOT_OWNER - (asks_ns > 10 * SIM_S));
    hall_close(hall);
}

static void test_causes(void **state)
{
    (void)state;
    expect_loss(NULL, 0, 0, 11500 * SIM_MS, LOSS_LEASE);
    expect_loss(on_pause, (uint64_t)(15 * SIM_S), 0, 11500 * SIM_MS, LOSS_PAUSE_LEASE);
    expect_loss(on_restart, 0, 0, 4 * SIM_S, LOSS_RESTART);
    expect_loss(on_failover, (uint64_t)(3 * SIM_S), 0, 4 * SIM_S, LOSS_FAILOVER);
    expect_loss(on_acquire, (uint64_t)SIM_S, 0, 5 * SIM_S, LOSS_NESTED_LEASE);
}

/* Acquired at 1 s, inside of it again at 1.01 s with a lease of its own, given back at 1.02 s: that unlock sets the
 * time to live to its own acquire's lease, be it longer or shorter than the outer one's, and ends a watchdog that
 * counted the outer acquire alone (unlockAsync0 cancels whatever it unlocks). Another thread asks at 1.5 s. */
static void test_inner_unlock(void **state)
{
    const struct { struct lock_spec spec; sim_ns inner_ns; enum loss_cause cause; } cases[] = {
        { { .lease_ns = 50 * SIM_MS }, 10 * SIM_S, LOSS_NONE },
        { { .lease_ns = 10 * SIM_S }, 20 * SIM_MS, LOSS_NESTED_LEASE },
        { { .lease_ns = 30 * SIM_S, .watched = true }, 20 * SIM_MS, LOSS_NESTED_LEASE },
        { { .lease_ns = 30 * SIM_S, .watched = true, .renewal = WATCHDOG_PER_LOCK }, 20 * SIM_MS, LOSS_NESTED_LEASE },
        { { .lease_ns = 300 * SIM_MS, .watched = true }, 400 * SIM_MS, LOSS_NESTED_LEASE }, /* and nobody renews it */
    };
    (void)state;
    for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hall *hall = hall_open(cases[i].spec);
        acquire_at(hall, SIM_S, 0);
        sim_at(&hall->sim, SIM_S + 10 * SIM_MS, SIM_CONSUMER, on_acquire, hall, 0, (uint64_t)cases[i].inner_ns);
        sim_at(&hall->sim, SIM_S + 20 * SIM_MS, SIM_CONSUMER, on_release_inner, hall, 0, (uint64_t)cases[i].inner_ns);
        acquire_at(hall, SIM_S + 500 * SIM_MS, 1);
        release_at(hall, 2 * SIM_S, 0);
        const bool lost = cases[i].cause != LOSS_NONE;
        if (lost) release_at(hall, 3 * SIM_S, 1);
        run(hall);
        assert_int_equal(hall->unlocked[0], lost ? UNLOCK_NOT_OWNER : UNLOCK_DONE);
        assert_int_equal(hall->answer[1], lost ? LOCK_GOT : LOCK_REFUSED);
        if (lost) assert_int_equal(hall->loss.cause, cases[i].cause);
        if (lost) assert_int_equal(hall->loss.at_ns, SIM_S + 20 * SIM_MS + cases[i].inner_ns);
        hall_close(hall);
    }
}

/* Both acquires without a lease: the inner unlock gives 30 s anew, and the watchdog still counts one. */
static void test_inner_unlock_watched(void **state)
{
    struct hall *hall = hall_open((struct lock_spec){ .lease_ns = 30 * SIM_S, .watched = true });
    (void)state;
    acquire_at(hall, SIM_S, 0);
    sim_at(&hall->sim, 2 * SIM_S, SIM_CONSUMER, on_acquire_again, hall, 0, 0);
    sim_at(&hall->sim, 3 * SIM_S, SIM_CONSUMER, on_release, hall, 0, false);
    acquire_at(hall, 90 * SIM_S, 1);
    release_at(hall, 100 * SIM_S, 0);
    run(hall);
    assert_int_equal(hall->answer[1], LOCK_REFUSED);
    assert_int_equal(hall->unlocked[0], UNLOCK_DONE);
    assert_in_range(hall->locks.fact->renewals, 9, 10);
    hall_close(hall);
}

/* A fail-over that forgets less than the time since the acquire does no harm. */
static void test_failover_remembers(void **state)
{
    struct hall *hall = hall_open(LEASED);
    (void)state;
    acquire_at(hall, SIM_S, 0);
    sim_at(&hall->sim, 3 * SIM_S, SIM_FAULT, on_failover, hall, 0, (uint64_t)SIM_S);
    release_at(hall, 5 * SIM_S, 0);
    sim_at(&hall->sim, 5 * SIM_S + SIM_MS, SIM_FAULT, on_failover, hall, 0, (uint64_t)SIM_S);
    acquire_at(hall, 5 * SIM_S + 2 * SIM_MS, 1); /* the unlock is forgotten: held by nobody to the end of the lease */
    run(hall);
    assert_int_equal(hall->unlocked[0], UNLOCK_DONE);
    assert_int_equal(hall->answer[1], LOCK_REFUSED);
    assert_int_equal(hall->locks.fact->orphans, 1);
    assert_int_equal(hall->n_overlaps, 0);
    hall_close(hall);
}

static struct lock_call of_key(uint64_t key)
{
    return (struct lock_call){ .key = key, .lease_ns = 60 * SIM_S, .round_trip_ns = RTT };
}

static void on_acquire_many(void *context, uint32_t first, uint64_t n)
{
    struct hall *hall = context;
    for (uint64_t key = first; key < first + n; key++) {
        const struct lock_call call = of_key(key);
        assert_true(lock_acquire(&hall->locks, &call));
    }
}

static void on_release_many(void *context, uint32_t first, uint64_t n)
{
    struct hall *hall = context;
    for (uint64_t key = first; key < first + n; key++) {
        const struct lock_call acquired = of_key(key);
        assert_int_equal(lock_release(&hall->locks, &acquired, true), UNLOCK_DONE);
    }
}

/* A thousand keys, each held from 1 s to 3 s, and a fail-over at 3.5 s that has not heard of the last second: all come
 * back. One that forgets 400 ms more brings back nothing: it was told that they are free. */
static void test_failover_of_many(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct hall *hall = hall_open(LEASED);
        sim_at(&hall->sim, SIM_S, SIM_CONSUMER, on_acquire_many, hall, 1, 1000);
        sim_at(&hall->sim, 3 * SIM_S, SIM_CONSUMER, on_release_many, hall, 1, 1000);
        sim_at(&hall->sim, 3500 * SIM_MS, SIM_FAULT, on_failover, hall, 0, (uint64_t)(i ? 400 * SIM_MS : SIM_S));
        run(hall);
        assert_int_equal(hall->locks.fact->orphans, i ? 0 : 1000);
        hall_close(hall);
    }
}

/* Held from 1 to 2 s and from 2.5 to 3 s; the Redis of 3.5 s stopped hearing at 1.5 s, in the middle of the first hold.
 * The one of 3.6 s stopped at 1.1 s, and knows that hold too, or at 0.6 s, and does not. */
static void test_failover_after_failover(void **state)
{
    (void)state;
    for (uint32_t forgets = 0; forgets < 2; forgets++) {
        struct hall *hall = hall_open(LEASED);
        for (uint32_t i = 0; i < 2; i++) {
            acquire_at(hall, SIM_S + i * 1500 * SIM_MS, 0);
            release_at(hall, 2 * SIM_S + i * SIM_S, 0);
        }
        sim_at(&hall->sim, 3500 * SIM_MS, SIM_FAULT, on_failover, hall, 0, (uint64_t)(2 * SIM_S));
        sim_at(&hall->sim, 3600 * SIM_MS, SIM_FAULT, on_failover, hall, 0,
               (uint64_t)(forgets ? 3 * SIM_S : 2500 * SIM_MS));
        acquire_at(hall, 4 * SIM_S, 1);
        run(hall);
        assert_int_equal(hall->locks.fact->orphans, 1);
        assert_int_equal(hall->answer[1], forgets ? LOCK_GOT : LOCK_REFUSED);
        if (forgets) on_release(hall, 1, true);
        hall_close(hall);
    }
}

/* A lost message: who waits sleeps for the holder's time to live, or to the end of its patience. */
static void test_lost_message(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct lock_spec spec = LEASED;
        spec.wait_ns = i ? 5 * SIM_S : 60 * SIM_S;
        struct hall *hall = hall_open(spec);
        acquire_at(hall, SIM_S, 0);
        acquire_at(hall, 2 * SIM_S, 1);
        sim_at(&hall->sim, SIM_S, SIM_FAULT, on_drop, hall, 0, 0);
        release_at(hall, 3 * SIM_S, 0);
        if (!i) release_at(hall, 12 * SIM_S, 1);
        run(hall);
        assert_int_equal(hall->answer[1], i ? LOCK_REFUSED : LOCK_GOT);
        assert_in_range(hall->answered_ns[1], (i ? 7 : 11) * SIM_S - SIM_MS, (i ? 7 : 11) * SIM_S + SIM_MS);
        assert_int_equal(hall->locks.fact->lost_messages, 1);
        hall_close(hall);
    }
}

/* No answer within 3 s: the first try throws; with the answers lost the lock is there, and nobody knows (orphan). */
static void test_no_answer(void **state)
{
    (void)state;
    for (uint32_t answers_only = 0; answers_only < 2; answers_only++) {
        struct hall *hall = hall_open(LEASED);
        sim_at(&hall->sim, SIM_S, SIM_FAULT, on_outage, hall, answers_only, (uint64_t)(2 * SIM_S));
        acquire_at(hall, 1500 * SIM_MS, 0);
        acquire_at(hall, 3 * SIM_S, 1);
        run(hall);
        assert_int_equal(hall->answer[0], LOCK_THREW);
        assert_int_equal(hall->answered_ns[0], 4500 * SIM_MS - RTT / 2);
        assert_int_equal(hall->answer[1], answers_only ? LOCK_REFUSED : LOCK_GOT);
        assert_int_equal(hall->locks.fact->orphans, answers_only);
        if (!answers_only) on_release(hall, 1, true);
        hall_close(hall);
    }
}

static void outage_at(struct hall *hall, sim_ns at_ns, sim_ns until_ns, bool answers_only)
{
    sim_at(&hall->sim, at_ns, SIM_FAULT, on_outage, hall, answers_only, (uint64_t)until_ns);
}

/* Two outages at once: each lasts for its own time, and while either takes no commands, none takes effect. Threads 0
 * and 1 ask at 3 s and 5 s, both in vain; each lock that is held without their knowing is an orphan. */
static void test_outages_compose(void **state)
{
    const struct { sim_ns plain_ns[2], answers_ns[2]; uint32_t orphans; } cases[] = {
        { { SIM_S, 6 * SIM_S }, { 2 * SIM_S, 2001 * SIM_MS }, 0 },
        { { 2 * SIM_S, 2001 * SIM_MS }, { SIM_S, 6 * SIM_S }, 1 }, /* that of 3 s; at 5 s the key is not free */
        { { 2 * SIM_S, 4 * SIM_S }, { SIM_S, 6 * SIM_S }, 1 },     /* that of 5 s */
        { { SIM_S, 4 * SIM_S }, { 2 * SIM_S, 6 * SIM_S }, 1 },
        { { 2 * SIM_S, 6 * SIM_S }, { SIM_S, 4 * SIM_S }, 0 },
    };
    (void)state;
    for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hall *hall = hall_open(LEASED);
        outage_at(hall, cases[i].plain_ns[0], cases[i].plain_ns[1], false);
        outage_at(hall, cases[i].answers_ns[0], cases[i].answers_ns[1], true);
        for (uint32_t k = 0; k < 2; k++) acquire_at(hall, (3 + 2 * k) * SIM_S, k);
        acquire_at(hall, 7 * SIM_S, 2);
        run(hall);
        assert_int_equal(hall->locks.fact->no_answers, 2);
        assert_int_equal(hall->locks.fact->orphans, cases[i].orphans);
        assert_int_equal(hall->answer[2], cases[i].orphans ? LOCK_REFUSED : LOCK_GOT);
        if (!cases[i].orphans) on_release(hall, 2, true);
        hall_close(hall);
    }
}

/* A process dies: its lock stays to the end of the lease, and its next thread is somebody else. */
static void test_crash(void **state)
{
    struct hall *hall = hall_open(LEASED);
    (void)state;
    acquire_at(hall, SIM_S, 0);
    sim_at(&hall->sim, 2 * SIM_S, SIM_FAULT, on_crash, hall, 0, 0);
    acquire_at(hall, 3 * SIM_S, 0);
    acquire_at(hall, 7 * SIM_S, 1);
    release_at(hall, 12 * SIM_S, 1);
    run(hall);
    assert_int_equal(hall->answer[0], LOCK_REFUSED);
    assert_int_equal(hall->answer[1], LOCK_GOT);
    assert_in_range(hall->answered_ns[1], 11 * SIM_S, 11 * SIM_S + SIM_MS);
    assert_int_equal(hall->n_overlaps, 0);
    hall_close(hall);
}

/* A waiting thread gets the key and dies before it hears of it: the key stays to the end of the lease, nobody is inside
 * meanwhile, and the thread that comes after it in its place is another one to Redis. */
static void test_crash_before_the_answer(void **state)
{
    struct hall *hall = hall_open(LEASED);
    (void)state;
    acquire_at(hall, SIM_S, 0);
    acquire_at(hall, 2 * SIM_S, 1);
    release_at(hall, 3 * SIM_S, 0);
    sim_at(&hall->sim, 3 * SIM_S + PUSH + RTT * 3 / 4, SIM_FAULT, on_crash_in_wait, hall, 1, 0);
    acquire_at(hall, 4 * SIM_S, 1);
    acquire_at(hall, 12 * SIM_S, 2);
    release_at(hall, 14 * SIM_S, 2);
    run(hall);
    assert_int_equal(hall->locks.fact->acquired, 3);
    assert_int_equal(hall->answer[1], LOCK_REFUSED);
    assert_int_equal(hall->answer[2], LOCK_GOT);
    assert_in_range(hall->answered_ns[2], 13 * SIM_S, 13 * SIM_S + SIM_MS);
    assert_int_equal(hall->n_overlaps, 0);
    hall_close(hall);
}

/* A thread owns a key without knowing it, for the answer was lost, and its JVM starts again: the key is nobody's. */
static void test_crash_of_an_unknowing_owner(void **state)
{
    struct hall *hall = hall_open(LEASED);
    (void)state;
    sim_at(&hall->sim, SIM_S - RTT, SIM_FAULT, on_outage, hall, true, (uint64_t)(2 * SIM_S));
    acquire_at(hall, SIM_S, 0);
    sim_at(&hall->sim, 5 * SIM_S, SIM_FAULT, on_crash_in_wait, hall, 0, 0);
    acquire_at(hall, 5 * SIM_S + SIM_MS, 0);
    run(hall);
    assert_int_equal(hall->locks.fact->orphans, 1);
    assert_int_equal(hall->answer[0], LOCK_REFUSED);
    assert_in_range(hall->answered_ns[0], 10 * SIM_S, 10 * SIM_S + 2 * SIM_MS);
    hall_close(hall);
}

/* ---- fair, spin, fenced ---- */

/* Three wait; the one that has just unlocked asks at once and comes last. */
static void test_fair_order(void **state)
{
    struct lock_spec spec = LEASED;
    spec.kind = LOCK_FAIR;
    spec.lease_ns = 60 * SIM_S;
    spec.wait_ns = 60 * SIM_S;
    struct hall *hall = hall_open(spec);
    (void)state;
    acquire_at(hall, SIM_S, 0);
    for (uint32_t i = 1; i < THREADS; i++) acquire_at(hall, SIM_S + i * 100 * SIM_MS, i);
    release_at(hall, 3 * SIM_S, 0);
    acquire_at(hall, 3 * SIM_S + 1, 0);
    for (uint32_t i = 1; i < THREADS; i++) release_at(hall, (3 + i) * SIM_S, i);
    release_at(hall, 8 * SIM_S, 0);
    run(hall);
    for (uint32_t i = 0; i < THREADS; i++) {
        const sim_ns turn_ns = (i ? 2 + i : 6) * SIM_S + PUSH + RTT;
        assert_int_equal(hall->answer[i], LOCK_GOT);
        assert_int_equal(hall->answered_ns[i], turn_ns);
        assert_int_equal(hall->unlocked[i], UNLOCK_DONE);
    }
    hall_close(hall);
}

/* Thread 1 dies in the queue of one key, and the thread that follows it queues at another one. Its place in the first
 * queue stays, is told of the unlock in vain, and holds up thread 2 to its end (5 s after the holder's lease of 20 s that it
 * waited behind, at 26 s); the second queue knows nothing of it. */
static void test_a_dead_place_in_a_fair_queue(void **state)
{
    struct lock_spec spec = { .kind = LOCK_FAIR, .lease_ns = 20 * SIM_S, .wait_ns = 5 * SIM_S };
    (void)state;
    struct hall *hall = hall_open(spec);
    acquire_at(hall, SIM_S, 0);
    acquire_at(hall, SIM_S + 100 * SIM_MS, 1);
    sim_at(&hall->sim, 2 * SIM_S, SIM_FAULT, on_crash_in_wait, hall, 1, 0);
    sim_at(&hall->sim, 3 * SIM_S, SIM_CONSUMER, on_acquire_other, hall, 3, 0);
    sim_at(&hall->sim, 3 * SIM_S + 100 * SIM_MS, SIM_CONSUMER, on_acquire_other, hall, 1, 0);
    release_at(hall, 4 * SIM_S, 0);
    sim_at(&hall->sim, 5 * SIM_S, SIM_CONSUMER, on_release_other, hall, 3, 0);
    acquire_at(hall, 6 * SIM_S, 2);
    sim_at(&hall->sim, 7 * SIM_S, SIM_CONSUMER, on_release_other, hall, 1, 0);
    acquire_at(hall, 27 * SIM_S, 0);
    release_at(hall, 28 * SIM_S, 0);
    run(hall);
    assert_int_equal(hall->answer[1], LOCK_GOT);
    assert_in_range(hall->answered_ns[1], 5 * SIM_S, 5 * SIM_S + SIM_MS);
    assert_int_equal(hall->answer[2], LOCK_REFUSED);
    assert_in_range(hall->answered_ns[2], 11 * SIM_S - SIM_MS, 11 * SIM_S + SIM_MS);
    assert_int_equal(hall->answer[0], LOCK_GOT);
    assert_in_range(hall->answered_ns[0], 27 * SIM_S, 27 * SIM_S + SIM_MS);
    hall_close(hall);
}

/* Impatient ones leave the queue; who comes behind them is told. */
static void test_fair_gives_up(void **state)
{
    struct lock_spec spec = LEASED;
    spec.kind = LOCK_FAIR;
    spec.wait_ns = SIM_S;
    struct hall *hall = hall_open(spec);
    (void)state;
    acquire_at(hall, SIM_S, 0);
    acquire_at(hall, 1500 * SIM_MS, 1);
    acquire_at(hall, 2400 * SIM_MS, 2);
    release_at(hall, 2600 * SIM_MS, 0);
    release_at(hall, 3 * SIM_S, 2);
    run(hall);
    assert_int_equal(hall->answer[1], LOCK_REFUSED);
    assert_int_equal(hall->answer[2], LOCK_GOT);
    assert_int_equal(hall->answered_ns[2], 2600 * SIM_MS + PUSH + RTT);
    hall_close(hall);
}

/* Thread 2 asks for its place at 19 s, and once more when it has subscribed; between the two thread 1 gets the key.
 * What it is told to sleep, until 21 s, counts from the lease of the owner before. Then nothing is left of it; it asks,
 * and from less than nothing it learns to sleep to its deadline (19 s + 5 s, less the way to Redis). A client whose
 * commands take no time is there at the very instant at which nothing is left: it sleeps for nothing, and is back later
 * all the same. */
static void test_nothing_is_left_to_sleep(void **state)
{
    const struct lock_spec spec = { .kind = LOCK_FAIR, .lease_ns = 20 * SIM_S, .wait_ns = 5 * SIM_S };
    (void)state;
    for (sim_ns round_trip_ns = 0; round_trip_ns < 3; round_trip_ns++) {
        const struct dist round_trip = { .draw = DRAW_CONSTANT, .constant_ns = round_trip_ns };
        struct hall *hall = hall_open(spec);
        hall->round_trip = &round_trip;
        acquire_at(hall, SIM_S, 0);
        acquire_at(hall, 17 * SIM_S, 1);
        acquire_at(hall, 19 * SIM_S, 2);
        release_at(hall, 19 * SIM_S - RTT, 0);
        release_at(hall, 25 * SIM_S, 1);
        run(hall);
        assert_int_equal(hall->answer[1], LOCK_GOT);
        assert_int_equal(hall->answered_ns[1], 19 * SIM_S - RTT + PUSH + round_trip_ns);
        assert_int_equal(hall->answer[2], LOCK_REFUSED);
        assert_int_equal(hall->answered_ns[2], 24 * SIM_S - RTT / 2);
        hall_close(hall);
    }
}

/* Sleeps of 1, 2, 4 ms and more: nobody is told, so a free lock waits for the end of a sleep, 128 ms at most. */
static void test_spin(void **state)
{
    struct lock_spec spec = LEASED;
    spec.kind = LOCK_SPIN;
    struct hall *hall = hall_open(spec);
    (void)state;
    acquire_at(hall, SIM_S, 0);
    acquire_at(hall, SIM_S + SIM_MS, 1);
    acquire_at(hall, SIM_S + 2 * SIM_MS, 2);
    release_at(hall, SIM_S + SIM_MS + 1150 * SIM_US, 0); /* TRY1 at 1 ms, answer 1.1, sleep 1, TRY2 at 2.2 ms */
    release_at(hall, 3 * SIM_S, 1);
    release_at(hall, 4 * SIM_S, 2);
    run(hall);
    assert_int_equal(hall->answered_ns[1], SIM_S + 2300 * SIM_US);
    assert_in_range(hall->answered_ns[2], 3 * SIM_S, 3 * SIM_S + 129 * SIM_MS);
    assert_int_equal(hall->locks.fact->hand_offs, 2);
    hall_close(hall);
}

static void test_tokens(void **state)
{
    struct lock_spec spec = LEASED;
    spec.kind = LOCK_FENCED;
    struct hall *hall = hall_open(spec);
    (void)state;
    on_acquire(hall, 0, 0);
    assert_int_equal(lock_token(&hall->locks, 0, KEY), 1);
    on_acquire(hall, 0, (uint64_t)SIM_S); /* a re-entrant acquire counts, too */
    assert_int_equal(lock_token(&hall->locks, 0, KEY), 2);
    hall->sim.now_ns = 2 * SIM_S;
    on_acquire(hall, 1, 0);
    assert_int_equal(lock_token(&hall->locks, 0, KEY), 3); /* whoever asks: a stale holder gets the new one's */
    on_release(hall, 0, true);
    on_release(hall, 1, true);
    assert_int_equal(hall->unlocked[0], UNLOCK_NOT_OWNER);
    hall_close(hall);
}

static void acquire_and_release(struct hall *hall, uint32_t thread)
{
    on_acquire(hall, thread, 0);
    on_release(hall, thread, true);
}

/* Each key has a counter of its own, which outlives the key and not a restart without keys. */
static void test_tokens_begin_anew(void **state)
{
    struct lock_spec spec = LEASED;
    spec.kind = LOCK_FENCED;
    struct hall *hall = hall_open(spec);
    (void)state;
    for (uint32_t i = 0; i < 3; i++) acquire_and_release(hall, 0);
    assert_int_equal(lock_token(&hall->locks, 0, KEY), 3);
    assert_int_equal(lock_token(&hall->locks, 0, OTHER_KEY), 0);
    on_acquire_other(hall, 1, 0);
    on_release_other(hall, 1, 0);
    assert_int_equal(lock_token(&hall->locks, 0, OTHER_KEY), 1);
    locks_restart(&hall->locks, 0);
    assert_int_equal(lock_token(&hall->locks, 0, KEY), 0);
    acquire_and_release(hall, 1);
    assert_int_equal(lock_token(&hall->locks, 0, KEY), 1);
    assert_int_equal(lock_token(&hall->locks, 0, OTHER_KEY), 0);
    hall_close(hall);
}

/* Thread 1 has waited and got the key at 2 s, and its process stands still before the answer is read: it is given the
 * number of its own acquire, not that of thread 2, which came when the lease of 10 s was over. */
static void test_token_read_late(void **state)
{
    struct lock_spec spec = LEASED;
    spec.kind = LOCK_FENCED;
    struct hall *hall = hall_open(spec);
    (void)state;
    acquire_at(hall, SIM_S, 0);
    acquire_at(hall, SIM_S + SIM_MS, 1);
    release_at(hall, 2 * SIM_S, 0);
    sim_at(&hall->sim, 2 * SIM_S + PUSH + RTT * 3 / 4, SIM_FAULT, on_pause, hall, 1, (uint64_t)(14 * SIM_S));
    acquire_at(hall, 13 * SIM_S, 2);
    run(hall);
    assert_int_equal(hall->answered_ns[1], 14 * SIM_S);
    assert_int_equal(lock_token_given(&hall->locks, 1), 2);
    assert_int_equal(lock_token(&hall->locks, 0, KEY), 3);
    on_release(hall, 1, true);
    on_release(hall, 2, true);
    assert_int_equal(hall->unlocked[1], UNLOCK_NOT_OWNER);
    hall_close(hall);
}

/* Acquired at 1 s and at 3 s; a fail-over at 3.5 s that has not heard of the last second lacks the second acquire, and
 * its INCR with it: the next one gets the same number. Another at 3.6 s takes nothing back twice. A replica that had
 * acknowledged the acquire knows both. */
static void test_tokens_and_failover(void **state)
{
    (void)state;
    for (uint32_t replicas = 0; replicas < 2; replicas++) {
        struct lock_spec spec = LEASED;
        spec.kind = LOCK_FENCED;
        spec.replicas = replicas;
        struct hall *hall = hall_open(spec);
        acquire_at(hall, SIM_S, 0);
        release_at(hall, 2 * SIM_S, 0);
        acquire_at(hall, 3 * SIM_S, 0);
        sim_at(&hall->sim, 3500 * SIM_MS, SIM_FAULT, on_failover, hall, 0, (uint64_t)SIM_S);
        sim_at(&hall->sim, 3600 * SIM_MS, SIM_FAULT, on_failover, hall, 0, (uint64_t)SIM_S);
        acquire_at(hall, 4 * SIM_S, 1);
        run(hall);
        assert_int_equal(lock_token_given(&hall->locks, 0), 2);
        assert_int_equal(hall->answer[1], replicas ? LOCK_REFUSED : LOCK_GOT);
        assert_int_equal(lock_token(&hall->locks, 0, KEY), 2);
        on_release(hall, 0, true);
        if (!replicas) on_release(hall, 1, true);
        hall_close(hall);
    }
}

/* More keys than any table of counters begins with. */
static void test_tokens_of_many_keys(void **state)
{
    enum { KEYS = 1000 };
    struct lock_spec spec = LEASED;
    spec.kind = LOCK_FENCED;
    struct hall *hall = hall_open(spec);
    (void)state;
    for (uint64_t key = 1; key <= KEYS; key++)
        for (uint64_t n = 0; n < 1 + key % 3; n++) {
            const struct lock_call call = { .key = key, .lease_ns = SIM_S, .round_trip_ns = RTT };
            assert_true(lock_acquire(&hall->locks, &call));
            assert_int_equal(lock_release(&hall->locks, &call, true), UNLOCK_DONE);
        }
    for (uint64_t key = 1; key <= KEYS; key++) assert_int_equal(lock_token(&hall->locks, 0, key), 1 + key % 3);
    hall_close(hall);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_watchdog_renews), cmocka_unit_test(test_watchdog_is_frozen),
        cmocka_unit_test(test_watchdog_and_outage), cmocka_unit_test(test_causes),
        cmocka_unit_test(test_inner_unlock), cmocka_unit_test(test_inner_unlock_watched),
        cmocka_unit_test(test_failover_remembers), cmocka_unit_test(test_failover_of_many),
        cmocka_unit_test(test_failover_after_failover), cmocka_unit_test(test_lost_message),
        cmocka_unit_test(test_no_answer), cmocka_unit_test(test_outages_compose),
        cmocka_unit_test(test_crash), cmocka_unit_test(test_crash_before_the_answer),
        cmocka_unit_test(test_crash_of_an_unknowing_owner), cmocka_unit_test(test_fair_order),
        cmocka_unit_test(test_a_dead_place_in_a_fair_queue),
        cmocka_unit_test(test_fair_gives_up), cmocka_unit_test(test_nothing_is_left_to_sleep),
        cmocka_unit_test(test_spin), cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_tokens_begin_anew), cmocka_unit_test(test_token_read_late),
        cmocka_unit_test(test_tokens_of_many_keys), cmocka_unit_test(test_tokens_and_failover),
    };
    return cmocka_run_group_tests_name("lock kinds", tests, NULL, NULL);
}
