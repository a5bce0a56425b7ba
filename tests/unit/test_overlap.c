/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: whenever a thread comes into a key while others are inside that have lost it, that is told, with one of them,
 * and how and when he lost it: by the end of a lease, a fail-over, a watchdog that stops; also where several have lost
 * it, where the last of them unlocks or dies first, and where a second lock lies inside of the first. Method: four
 * threads, each in a JVM of its own, share an outer lock and have an inner one of a key of their own; what happens when
 * is written down, and so is what has to be told. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "models/redis/accident.h"
#include "models/redis/lock.h"
#include "models/scenario.h"

enum { THREADS = 4, LOCKS = 2, OUTER = 0, INNER = 1, KEY = 77, OTHER_KEY = 78, EVENTS = 16, OVERLAPS = 4 };

#define RTT (200 * SIM_US)

/* ENTER and LEAVE are of all locks, the inner one last, and first; NEST and UNNEST of the outer one, once more. */
enum what { NOTHING, ENTER, LEAVE, NEST, UNNEST, CRASH, FAILOVER, OUTAGE };

struct event { double at_s; enum what what; uint32_t thread; };

/* Who came in, and who was inside without the key, since when. */
struct told { double at_s; uint32_t thread, loser; enum loss_cause cause; double lost_s; };

struct story {
    const char *name;
    bool watched;
    struct event event[EVENTS];
    uint32_t n_told, lost;         /* lost: keys of the outer lock */
    struct told told[OVERLAPS];
};

struct hall {
    struct arena arena;
    struct sim sim;
    struct lock_spec spec[LOCKS];
    struct store_spec store;
    struct fault_spec failover;
    struct scenario scenario;
    struct dist push[LOCKS];
    struct locks locks;
    struct processes processes;
    uint32_t jvm[THREADS], n_locks;
    const struct story *story;
    uint32_t n_told;
};

static sim_ns ns_of(double s) { return (sim_ns)(s * 1000 + 0.5) * SIM_MS; }

static void on_answered(void *context, uint32_t thread, enum lock_answer answer)
{
    (void)context;
    (void)thread;
    (void)answer;
}

static void on_overlap(void *context, uint32_t thread, uint32_t loser, const struct lock_loss *loss)
{
    struct hall *hall = context;
    if (hall->n_told == hall->story->n_told) fail_msg("%s: one more than there are", hall->story->name);
    const struct told *told = &hall->story->told[hall->n_told++];
    if (hall->sim.now_ns != ns_of(told->at_s) || thread != told->thread || loser != told->loser ||
        loss->cause != told->cause || loss->at_ns != ns_of(told->lost_s) || loss->lock != OUTER)
        fail_msg("%s, %u locks: at %.3f s thread %u meets %u, who lost lock %u at %.3f s by L%d", hall->story->name,
                 hall->n_locks, ns_to_s(hall->sim.now_ns), thread, loser, loss->lock, ns_to_s(loss->at_ns),
                 (int)loss->cause);
}

static struct hall *hall_open(const struct story *story, uint32_t n_locks)
{
    struct hall *hall = calloc(1, sizeof *hall);
    assert_non_null(hall);
    arena_init(&hall->arena);
    sim_init(&hall->sim, &hall->arena);
    hall->story = story;
    hall->n_locks = n_locks;
    for (uint32_t i = 0; i < LOCKS; i++) {
        hall->spec[i] = (struct lock_spec){ .name = i == OUTER ? "outer" : "inner", .command_timeout_ns = 3 * SIM_S,
                                            .lease_ns = (i == OUTER ? 10 : 100) * SIM_S };
        if (story->watched) hall->spec[i].lease_ns = LOCK_WATCHDOG_NS;
        hall->spec[i].watched = story->watched;
        hall->spec[i].renewal = WATCHDOG_PER_LOCK;
    }
    hall->store.name = "redis";
    hall->failover = (struct fault_spec){ .kind = FAULT_FAILOVER, .on = ON_STORE, .lost_ns = 3 * SIM_S };
    hall->scenario = (struct scenario){ .n_locks = LOCKS, .lock = hall->spec, .n_stores = 1, .store = &hall->store,
                                        .n_faults = 1, .fault = &hall->failover };
    for (uint32_t i = 0; i < THREADS; i++) hall->jvm[i] = i;
    locks_init(&hall->locks, &hall->sim, &hall->scenario, hall->push, random_key(1, 0), THREADS, hall->jvm, THREADS,
               (struct lock_calls){ on_answered, on_overlap, hall });
    processes_init(&hall->processes, &hall->sim, THREADS);
    locks_actors(&hall->locks, &hall->processes);
    return hall;
}

static void hall_close(struct hall *hall)
{
    arena_fini(&hall->arena);
    free(hall);
}

static struct lock_call call_of(const struct hall *hall, uint32_t lock, uint32_t thread)
{
    const struct lock_spec *spec = &hall->spec[lock];
    return (struct lock_call){ .lock = lock, .key = lock == OUTER ? KEY : 100 + thread, .thread = thread,
                               .lease_ns = spec->lease_ns, .watched = spec->watched, .round_trip_ns = RTT };
}

static void enter(struct hall *hall, uint32_t thread)
{
    for (uint32_t lock = 0; lock < hall->n_locks; lock++) {
        const struct lock_call call = call_of(hall, lock, thread);
        assert_true(lock_acquire(&hall->locks, &call)); /* nobody waits in these stories */
    }
}

static void leave(struct hall *hall, uint32_t thread)
{
    for (uint32_t lock = hall->n_locks; lock-- > 0;) {
        const struct lock_call call = call_of(hall, lock, thread);
        lock_release(&hall->locks, &call, true);
    }
}

static void nest(struct hall *hall, uint32_t thread, bool ends)
{
    struct lock_call call = call_of(hall, OUTER, thread);
    call.nested = true;
    if (ends) assert_int_equal(lock_release(&hall->locks, &call, false), UNLOCK_DONE);
    else assert_true(lock_acquire(&hall->locks, &call));
}

static void crash(struct hall *hall, uint32_t thread)
{
    process_kill(&hall->processes, thread);
    for (uint32_t lock = 0; lock < hall->n_locks; lock++)
        lock_abandon(&hall->locks, lock, call_of(hall, lock, thread).key, thread);
    process_start(&hall->processes, thread);
    locks_client_begins(&hall->locks, thread);
}

static void on_event(void *context, uint32_t thread, uint64_t what)
{
    struct hall *hall = context;
    switch ((enum what)what) {
    case ENTER: enter(hall, thread); break;
    case LEAVE: leave(hall, thread); break;
    case NEST: nest(hall, thread, false); break;
    case UNNEST: nest(hall, thread, true); break;
    case CRASH: crash(hall, thread); break;
    case FAILOVER: locks_failover(&hall->locks, 0, 3 * SIM_S); break;
    case OUTAGE: locks_outage(&hall->locks, 0, hall->sim.now_ns + 2 * SIM_S, false); break;
    case NOTHING: break;
    }
}

static uint64_t outer_lost(const struct hall *hall)
{
    uint64_t lost = 0;
    for (uint32_t i = 0; i < LOSS_CAUSES; i++) lost += hall->locks.fact[OUTER].lost[i];
    return lost;
}

/* With the outer lock alone, and with the inner one. */
static void play(const struct story *story)
{
    for (uint32_t n_locks = 1; n_locks <= LOCKS; n_locks++) {
        struct hall *hall = hall_open(story, n_locks);
        for (const struct event *event = story->event; event->what != NOTHING; event++)
            sim_at(&hall->sim, ns_of(event->at_s), SIM_CONSUMER, on_event, hall, event->thread, event->what);
        assert_true(sim_run(&hall->sim, 100000, NULL));
        assert_int_equal(hall->n_told, story->n_told);
        assert_int_equal(hall->locks.fact[OUTER].overlaps, story->n_told);
        assert_int_equal(hall->locks.fact[INNER].overlaps, 0);
        assert_int_equal(outer_lost(hall), story->lost);
        assert_int_equal(hall->locks.n_inside, 0);
        hall_close(hall);
    }
}

/* Thread 0 works from 1 to 20 s with a lease of 10 s: whoever comes then meets it. */
static void test_one_has_lost_it(void **state)
{
    (void)state;
    play(&(struct story){ "one", false,
        { { 1, ENTER, 0 }, { 12, ENTER, 1 }, { 13, LEAVE, 1 }, { 14, ENTER, 2 }, { 15, LEAVE, 2 }, { 20, LEAVE, 0 },
          { 21, ENTER, 3 }, { 22, LEAVE, 3 } },
        2, 1, { { 12, 1, 0, LOSS_LEASE, 11 }, { 14, 2, 0, LOSS_LEASE, 11 } } });
}

/* Threads 0 and 1 have both lost it. Thread 1, the last, unlocks, or dies: thread 3 meets thread 0 all the same. */
static void test_the_last_of_two_is_gone(void **state)
{
    static const enum what ends[] = { LEAVE, CRASH };
    (void)state;
    for (uint32_t i = 0; i < 2; i++)
        play(&(struct story){ "two", false,
            { { 1, ENTER, 0 }, { 12, ENTER, 1 }, { 23, ENTER, 2 }, { 24, LEAVE, 2 }, { 25, ends[i], 1 },
              { 26, ENTER, 3 }, { 27, LEAVE, 3 }, { 28, LEAVE, 0 } },
            3, 2, { { 12, 1, 0, LOSS_LEASE, 11 }, { 23, 2, 1, LOSS_LEASE, 22 }, { 26, 3, 0, LOSS_LEASE, 11 } } });
}

/* And the other way round: the first of the two is gone. */
static void test_the_first_of_two_is_gone(void **state)
{
    (void)state;
    play(&(struct story){ "first of two", false,
        { { 1, ENTER, 0 }, { 12, ENTER, 1 }, { 23, ENTER, 2 }, { 24, LEAVE, 2 }, { 25, LEAVE, 0 }, { 26, ENTER, 3 },
          { 27, LEAVE, 3 }, { 28, LEAVE, 1 } },
        3, 2, { { 12, 1, 0, LOSS_LEASE, 11 }, { 23, 2, 1, LOSS_LEASE, 22 }, { 26, 3, 1, LOSS_LEASE, 22 } } });
}

/* Each of two fail-overs forgets the lock of one who works on. */
static void test_fail_overs(void **state)
{
    (void)state;
    play(&(struct story){ "fail-overs", false,
        { { 1, ENTER, 0 }, { 2, FAILOVER, 0 }, { 3, ENTER, 1 }, { 4, FAILOVER, 0 }, { 5, ENTER, 2 }, { 5.5, LEAVE, 2 },
          { 6, LEAVE, 1 }, { 7, ENTER, 3 }, { 7.5, LEAVE, 3 }, { 8, LEAVE, 0 } },
        3, 2, { { 3, 1, 0, LOSS_FAILOVER, 2 }, { 5, 2, 1, LOSS_FAILOVER, 4 }, { 7, 3, 0, LOSS_FAILOVER, 2 } } });
}

/* Renewals of 11 s and 42 s get no answer, and are the last ones: 30 s after their acquires both locks are free. */
static void test_watchdogs_stop(void **state)
{
    (void)state;
    play(&(struct story){ "watchdogs", true,
        { { 1, ENTER, 0 }, { 10, OUTAGE, 0 }, { 32, ENTER, 1 }, { 41, OUTAGE, 0 }, { 63, ENTER, 2 }, { 64, LEAVE, 2 },
          { 65, LEAVE, 1 }, { 66, ENTER, 3 }, { 67, LEAVE, 3 }, { 68, LEAVE, 0 } },
        3, 2, { { 32, 1, 0, LOSS_WATCHDOG, 31 }, { 63, 2, 1, LOSS_WATCHDOG, 62 }, { 66, 3, 0, LOSS_WATCHDOG, 31 } } });
}

/* Who dies while it holds the key has lost nothing: the key is free when its lease ends, and nobody is met. */
static void test_a_crash_is_no_loss(void **state)
{
    (void)state;
    play(&(struct story){ "crash", false,
        { { 1, ENTER, 0 }, { 2, CRASH, 0 }, { 12, ENTER, 1 }, { 13, LEAVE, 1 } },
        .n_told = 0 });
}

/* Thread 0 has lost the key, gets it by a nested acquire, and gives it back with the inner unlock: it is inside, and
 * has what it lost before. Thread 2, that was not there for it, is. */
static void test_got_back_and_given_back(void **state)
{
    (void)state;
    play(&(struct story){ "nested", false,
        { { 1, ENTER, 0 }, { 12, ENTER, 1 }, { 13, LEAVE, 1 }, { 14, NEST, 0 }, { 15, UNNEST, 0 }, { 16, ENTER, 2 },
          { 17, LEAVE, 2 }, { 18, LEAVE, 0 } },
        2, 1, { { 12, 1, 0, LOSS_LEASE, 11 }, { 16, 2, 0, LOSS_LEASE, 11 } } });
}

/* Lost twice: the second loss counts. */
static void test_got_back_and_lost_again(void **state)
{
    (void)state;
    play(&(struct story){ "lost again", false,
        { { 1, ENTER, 0 }, { 12, ENTER, 1 }, { 23, NEST, 0 }, { 34, ENTER, 2 }, { 35, LEAVE, 2 }, { 36, LEAVE, 0 },
          { 37, ENTER, 3 }, { 38, LEAVE, 3 }, { 39, LEAVE, 1 } },
        3, 3, { { 12, 1, 0, LOSS_LEASE, 11 }, { 34, 2, 0, LOSS_LEASE, 33 }, { 37, 3, 1, LOSS_LEASE, 22 } } });
}

/* ---- keys whose owner does not know of them ---- */

static bool acquire_key(struct hall *hall, uint32_t thread, uint64_t key)
{
    struct lock_call call = call_of(hall, OUTER, thread);
    call.key = key;
    return lock_acquire(&hall->locks, &call);
}

static void on_acquire(void *context, uint32_t thread, uint64_t key) { acquire_key(context, thread, key); }

static void on_release(void *context, uint32_t thread, uint64_t key)
{
    struct hall *hall = context;
    struct lock_call call = call_of(hall, OUTER, thread);
    call.key = key;
    lock_release(&hall->locks, &call, true);
}

static void on_outage(void *context, uint32_t store, uint64_t until_ns)
{
    locks_outage(&((struct hall *)context)->locks, store, (sim_ns)until_ns, true);
}

/* Thread 0 gets KEY at 1 s and does not hear of it. It works with another key from 5 s on, whose lease ends at 15 s:
 * thread 1 meets it. That KEY is found free at 17 s is no loss, and thread 3 meets thread 0 as thread 1 did. */
static void test_an_orphan_is_no_loss(void **state)
{
    static const struct story story = { .name = "orphan", .n_told = 2,
        .told = { { 16, 1, 0, LOSS_LEASE, 15 }, { 19, 3, 0, LOSS_LEASE, 15 } } };
    struct hall *hall = hall_open(&story, 1);
    const struct { double at_s; sim_fn *what; uint32_t thread; uint64_t key; } events[] = {
        { 0.5, on_outage, 0, 2 * SIM_S }, { 1, on_acquire, 0, KEY }, { 5, on_acquire, 0, OTHER_KEY },
        { 16, on_acquire, 1, OTHER_KEY }, { 17, on_acquire, 2, KEY }, { 18, on_release, 1, OTHER_KEY },
        { 19, on_acquire, 3, OTHER_KEY }, { 20, on_release, 3, OTHER_KEY }, { 21, on_release, 2, KEY },
        { 22, on_release, 0, OTHER_KEY },
    };
    (void)state;
    for (uint32_t i = 0; i < sizeof events / sizeof *events; i++)
        sim_at(&hall->sim, ns_of(events[i].at_s), SIM_CONSUMER, events[i].what, hall, events[i].thread, events[i].key);
    assert_true(sim_run(&hall->sim, 100000, NULL));
    assert_int_equal(hall->n_told, 2);
    assert_int_equal(hall->locks.fact[OUTER].orphans, 1);
    assert_int_equal(hall->locks.fact[OUTER].expired_while_held, 1);
    assert_int_equal(outer_lost(hall), 1);
    hall_close(hall);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_has_lost_it),
        cmocka_unit_test(test_the_last_of_two_is_gone),
        cmocka_unit_test(test_the_first_of_two_is_gone),
        cmocka_unit_test(test_fail_overs),
        cmocka_unit_test(test_watchdogs_stop),
        cmocka_unit_test(test_a_crash_is_no_loss),
        cmocka_unit_test(test_got_back_and_given_back),
        cmocka_unit_test(test_got_back_and_lost_again),
        cmocka_unit_test(test_an_orphan_is_no_loss),
    };
    return cmocka_run_group_tests_name("overlaps", tests, NULL, NULL);
}
