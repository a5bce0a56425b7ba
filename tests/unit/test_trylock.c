/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: the lock keeps to Redisson's scripts and to tryLock's steps, instant by instant; nobody is forgotten. Method:
 * small cases worked out by hand with constant latencies (a round trip of 200 us, a message of 300 us); then crowds of
 * threads over few keys, of which intervals of holding, counts of answers and greatest waits are checked: a lost
 * wake-up would sleep through the lease, an hour. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "models/redis/lock.h"
#include "models/scenario.h"
#include "sim/engine/random.h"

enum { THREADS = 24, JVMS = 6 };

#define RTT (200 * SIM_US)
#define PUSH (300 * SIM_US)
#define KEY 77

struct hall {
    struct arena arena;
    struct sim sim;
    struct lock_spec spec;
    struct scenario scenario;
    struct dist push;
    struct locks locks;
    uint32_t jvm[THREADS];
    sim_ns answered_ns[THREADS];
    int got[THREADS];          /* -1: no answer yet */
    bool released[THREADS];    /* what its unlock said */
};

static void on_answered(void *context, uint32_t thread, enum lock_answer answer)
{
    struct hall *hall = context;
    assert_int_equal(hall->got[thread], -1);
    hall->got[thread] = answer == LOCK_GOT;
    hall->answered_ns[thread] = hall->sim.now_ns;
}

static struct lock_calls calls_of(struct hall *hall) { return (struct lock_calls){ on_answered, NULL, hall }; }

static bool acquire(struct hall *hall, uint32_t lock, uint64_t key, uint32_t thread, bool nested)
{
    const struct lock_spec *spec = &hall->scenario.lock[lock];
    const struct lock_call call = { .lock = lock, .key = key, .thread = thread, .wait_ns = spec->wait_ns,
                                    .lease_ns = spec->lease_ns, .watched = spec->watched, .nested = nested,
                                    .round_trip_ns = RTT };
    return lock_acquire(&hall->locks, &call);
}

static bool release(struct hall *hall, uint32_t lock, uint64_t key, uint32_t thread, bool leaves)
{
    const struct lock_call acquired = { .lock = lock, .key = key, .thread = thread,
                                        .lease_ns = hall->scenario.lock[lock].lease_ns };
    return lock_release(&hall->locks, &acquired, leaves) == UNLOCK_DONE;
}

/* Threads 0 to 3 in JVM 0, 4 to 7 in JVM 1 ... */
static struct hall *hall_open(sim_ns wait_ns, sim_ns lease_ns)
{
    struct hall *hall = calloc(1, sizeof *hall);
    assert_non_null(hall);
    arena_init(&hall->arena);
    sim_init(&hall->sim, &hall->arena);
    hall->spec =
        (struct lock_spec){ .name = "item", .key = ROW_ITEM, .wait_ns = wait_ns, .lease_ns = lease_ns, .store = NONE };
    hall->scenario = (struct scenario){ .n_locks = 1, .lock = &hall->spec };
    hall->push = (struct dist){ .draw = DRAW_CONSTANT, .constant_ns = PUSH };
    for (uint32_t i = 0; i < THREADS; i++) {
        hall->jvm[i] = i / 4;
        hall->got[i] = -1;
    }
    locks_init(&hall->locks, &hall->sim, &hall->scenario, &hall->push, random_key(1, 0), THREADS, hall->jvm, JVMS,
               calls_of(hall));
    return hall;
}

static void hall_close(struct hall *hall)
{
    arena_fini(&hall->arena);
    free(hall);
}

static void on_acquire(void *context, uint32_t thread, uint64_t argument)
{
    struct hall *hall = context;
    (void)argument;
    if (acquire(hall, 0, KEY, thread, false)) on_answered(hall, thread, LOCK_GOT);
}

static void on_release(void *context, uint32_t thread, uint64_t argument)
{
    struct hall *hall = context;
    (void)argument;
    hall->released[thread] = release(hall, 0, KEY, thread, true);
}

/* The script runs at Redis at at_ns. */
static void acquire_at(struct hall *hall, sim_ns at_ns, uint32_t thread)
{
    sim_at(&hall->sim, at_ns, SIM_CONSUMER, on_acquire, hall, thread, 0);
}

static void release_at(struct hall *hall, sim_ns at_ns, uint32_t thread)
{
    sim_at(&hall->sim, at_ns, SIM_CONSUMER, on_release, hall, thread, 0);
}

static void run(struct hall *hall)
{
    struct sim_err err = { 0 };
    assert_true(sim_run(&hall->sim, 1000000, &err));
}

static void expect(const struct hall *hall, uint32_t thread, bool got, sim_ns at_ns)
{
    assert_int_equal(hall->got[thread], got);
    assert_int_equal(hall->answered_ns[thread], at_ns);
}

static void expect_empty(const struct hall *hall)
{
    assert_int_equal(hall->locks.n_inside, 0);
    for (int i = 0; i < LOCK_BUCKETS; i++) assert_null(hall->locks.bucket[i]);
}

static void stop(void *context, uint32_t subject, uint64_t argument)
{
    (void)subject;
    (void)argument;
    sim_stop(context);
}

/* ---- case by case ---- */

static void test_uncontended(void **state)
{
    struct hall *hall = hall_open(5 * SIM_S, 10 * SIM_S);
    (void)state;
    acquire_at(hall, SIM_MS, 3);
    release_at(hall, 4 * SIM_MS, 3);
    run(hall);
    expect(hall, 3, true, SIM_MS);
    assert_true(hall->released[3]);
    const struct lock_facts *fact = hall->locks.fact;
    assert_int_equal(fact->acquired, 1);
    assert_int_equal(fact->contended + fact->timed_out + fact->expired_while_held + fact->overlaps, 0);
    assert_int_equal((int64_t)fact->hold.sum_ns, 3 * SIM_MS);
    assert_int_equal((int64_t)fact->wait.sum_ns, 0);
    expect_empty(hall);
    hall_close(hall);
}

/* TRY1 refused, answer, SUBSCRIBE, TRY2 refused, message, try, answer. */
static void test_hand_over(void **state)
{
    struct hall *hall = hall_open(5 * SIM_S, 10 * SIM_S);
    (void)state;
    acquire_at(hall, 0, 0);
    acquire_at(hall, SIM_MS, 4);
    release_at(hall, 10 * SIM_MS, 0);
    release_at(hall, 20 * SIM_MS, 4);
    run(hall);
    expect(hall, 4, true, 10 * SIM_MS + PUSH + RTT);
    const struct lock_facts *fact = hall->locks.fact;
    assert_int_equal(fact->contended, 1);
    assert_int_equal((int64_t)fact->wait.sum_ns, 9 * SIM_MS + PUSH + RTT / 2);
    assert_int_equal((int64_t)fact->hold.sum_ns, 10 * SIM_MS + (10 * SIM_MS - PUSH - RTT / 2));
    expect_empty(hall);
    hall_close(hall);
}

/* Freed while the waiter's JVM subscribes: TRY2 finds it free, without any message. */
static void test_second_try(void **state)
{
    struct hall *hall = hall_open(5 * SIM_S, 10 * SIM_S);
    (void)state;
    acquire_at(hall, 0, 0);
    acquire_at(hall, SIM_MS, 4); /* answer at 1.1, subscribed at 1.3, TRY2 at Redis at 1.4 */
    release_at(hall, SIM_MS + 50 * SIM_US, 0);
    release_at(hall, 9 * SIM_MS, 4);
    run(hall);
    expect(hall, 4, true, SIM_MS + RTT / 2 + RTT + RTT);
    expect_empty(hall);
    hall_close(hall);
}

/* The second waiter of a JVM shares the first one's subscription, and pays no round trip for it. */
static void test_shared_subscription(void **state)
{
    struct hall *hall = hall_open(5 * SIM_S, 10 * SIM_S);
    (void)state;
    acquire_at(hall, 0, 0);
    acquire_at(hall, SIM_MS, 4);
    acquire_at(hall, 2 * SIM_MS, 5); /* answer at 2.1, TRY2 at Redis at 2.2 */
    release_at(hall, 2 * SIM_MS + 150 * SIM_US, 0);
    release_at(hall, 9 * SIM_MS, 5);
    release_at(hall, 19 * SIM_MS, 4);
    run(hall);
    expect(hall, 5, true, 2 * SIM_MS + RTT / 2 + RTT); /* before the message reaches the one who waited */
    expect(hall, 4, true, 9 * SIM_MS + PUSH + RTT);
    expect_empty(hall);
    hall_close(hall);
}

/* Who has been answered by now and was not before; THREADS if nobody. */
static uint32_t newly_got(const struct hall *hall, bool *known)
{
    uint32_t found = THREADS;
    for (uint32_t i = 4; i < 10; i++) {
        if (known[i] || hall->got[i] != true) continue;
        assert_int_equal(found, THREADS); /* one wins */
        known[i] = true;
        found = i;
    }
    return found;
}

/* One message to each JVM, one permit, one thread of each wakes; who loses waits again, behind the others there. */
static void test_one_permit_for_each_jvm(void **state)
{
    struct hall *hall = hall_open(5 * SIM_S, 10 * SIM_S);
    struct sim_err err = { 0 };
    bool known[THREADS] = { false };
    uint32_t holder = 0, order[6];
    (void)state;
    acquire_at(hall, 0, 0);
    for (uint32_t thread = 4; thread < 10; thread++)
        acquire_at(hall, thread * SIM_MS, thread); /* 4 in JVM 1, 2 in JVM 2 */
    for (int i = 0; i < 6; i++) {
        sim_ns at_ns = (20 + 10 * i) * SIM_MS;
        release_at(hall, at_ns, holder);
        sim_at(&hall->sim, at_ns + PUSH + RTT + 2, SIM_TIMER, stop, &hall->sim, 0, 0);
        assert_true(sim_run(&hall->sim, 0, &err));
        hall->sim.stopped = false;
        holder = order[i] = newly_got(hall, known);
        assert_in_range(holder, 4, 9);
        expect(hall, holder, true, at_ns + PUSH + RTT);
    }
    release_at(hall, SIM_S, holder);
    run(hall);
    /* Of two commands that reach Redis at one instant that of the younger subscription runs first. */
    static const uint32_t expected[] = { 8, 9, 6, 7, 4, 5 };
    assert_memory_equal(order, expected, sizeof order);
    expect_empty(hall);
    hall_close(hall);
}

/* The thread that has just unlocked is back before the one it woke. */
static void test_newcomer_overtakes(void **state)
{
    struct hall *hall = hall_open(5 * SIM_S, 10 * SIM_S);
    (void)state;
    acquire_at(hall, 0, 0);
    acquire_at(hall, SIM_MS, 4);
    release_at(hall, 10 * SIM_MS, 0);
    hall->got[0] = -1;
    acquire_at(hall, 10 * SIM_MS + PUSH, 1); /* asks after the message, and yet before the woken thread's command */
    release_at(hall, 15 * SIM_MS, 1);
    release_at(hall, 25 * SIM_MS, 4);
    run(hall);
    expect(hall, 1, true, 10 * SIM_MS + PUSH);
    expect(hall, 4, true, 15 * SIM_MS + PUSH + RTT);
    expect_empty(hall);
    hall_close(hall);
}

/* A message that comes between a refusal at Redis and the wait for it is kept: the waiter tries again at once. */
static void test_kept_permit(void **state)
{
    struct hall *hall = hall_open(5 * SIM_S, 10 * SIM_S);
    (void)state;
    hall->push.constant_ns = 20 * SIM_US;
    acquire_at(hall, 0, 0);
    acquire_at(hall, SIM_MS, 4);                      /* TRY2 at Redis at 1.4, answer at 1.5 */
    release_at(hall, SIM_MS + 420 * SIM_US, 0);       /* message at 1.44 */
    release_at(hall, 9 * SIM_MS, 4);
    run(hall);
    expect(hall, 4, true, SIM_MS + 500 * SIM_US + RTT);
    expect_empty(hall);
    hall_close(hall);
}

/* FALSE comes when the patience ends, counted from the instant at which tryLock was called. */
static void test_time_out(void **state)
{
    (void)state;
    static const struct { sim_ns wait_ns, after_ns; } cases[] = {
        { 5 * SIM_MS, 5 * SIM_MS },
        { 0, RTT },                              /* one try, and its answer */
        { RTT / 2, RTT },                        /* the answer to TRY1 comes too late */
        { RTT + RTT / 4, RTT + RTT + RTT },      /* subscribed by then; TRY2 is made, and time is looked at after it */
        { 3 * RTT, 3 * RTT },
    };
    for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hall *hall = hall_open(cases[i].wait_ns, 10 * SIM_S);
        acquire_at(hall, 0, 0);
        acquire_at(hall, SIM_MS, 4);
        release_at(hall, SIM_S, 0);
        run(hall);
        expect(hall, 4, false, SIM_MS - RTT / 2 + cases[i].after_ns);
        assert_int_equal(hall->locks.fact->timed_out, 1);
        assert_int_equal((int64_t)hall->locks.fact->wait.sum_ns, cases[i].after_ns - RTT / 2);
        expect_empty(hall);
        hall_close(hall);
    }
}

/* Expiry wakes nobody: the waiter's own timer, set from the time to live it was told, does. */
static void test_expiry(void **state)
{
    struct hall *hall = hall_open(5 * SIM_S, 50 * SIM_MS);
    (void)state;
    acquire_at(hall, 0, 0);
    acquire_at(hall, SIM_MS, 4);
    release_at(hall, 60 * SIM_MS, 0);            /* too late: not the owner any more */
    release_at(hall, 70 * SIM_MS, 4);
    run(hall);
    expect(hall, 4, true, 50 * SIM_MS + RTT / 2 + RTT); /* told 48.6 ms at 1.4; timer from 1.5 on; try; answer */
    assert_false(hall->released[0]);
    assert_true(hall->released[4]);
    const struct lock_facts *fact = hall->locks.fact;
    assert_int_equal(fact->expired_while_held, 1);
    assert_int_equal(fact->overlaps, 1);
    assert_int_equal(fact->acquired, 2);
    expect_empty(hall);
    hall_close(hall);
}

/* Nobody else came: the late unlock finds its lock gone. */
static void test_expiry_without_waiters(void **state)
{
    struct hall *hall = hall_open(5 * SIM_S, 50 * SIM_MS);
    (void)state;
    acquire_at(hall, 0, 0);
    release_at(hall, 50 * SIM_MS, 0);
    run(hall);
    assert_false(hall->released[0]);
    assert_int_equal(hall->locks.fact->expired_while_held, 1);
    assert_int_equal(hall->locks.fact->overlaps, 0);
    expect_empty(hall);
    hall_close(hall);
}

static void test_reentrant(void **state)
{
    struct hall *hall = hall_open(0, 10 * SIM_MS);
    (void)state;
    assert_true(acquire(hall, 0, KEY, 0, false));
    hall->sim.now_ns = 6 * SIM_MS;
    assert_true(acquire(hall, 0, KEY, 0, true)); /* sets the time to live anew */
    hall->sim.now_ns = 12 * SIM_MS;
    assert_true(release(hall, 0, KEY, 0, false));  /* still held once */
    assert_false(release(hall, 0, KEY, 1, false)); /* by another thread of the same JVM: no */
    hall->sim.now_ns = 21 * SIM_MS;
    acquire_at(hall, 21 * SIM_MS, 4);
    run(hall);
    assert_int_equal(hall->got[4], false);
    hall->sim.now_ns = 21 * SIM_MS + 900 * SIM_US;
    assert_true(release(hall, 0, KEY, 0, true));
    assert_false(release(hall, 0, KEY, 0, false));
    assert_int_equal(hall->locks.fact->acquired, 1);
    assert_int_equal(hall->locks.fact->overlaps, 0);
    expect_empty(hall);
    hall_close(hall);
}

/* Two keys, and two locks with one key, have nothing to do with one another. */
static void test_keys_are_apart(void **state)
{
    struct hall *hall = hall_open(0, SIM_S);
    const struct lock_spec two[2] = { hall->spec, hall->spec };
    const struct dist push[2] = { hall->push, hall->push };
    (void)state;
    hall->scenario = (struct scenario){ .n_locks = 2, .lock = two };
    locks_init(&hall->locks, &hall->sim, &hall->scenario, push, random_key(1, 0), THREADS, hall->jvm, JVMS,
               calls_of(hall));
    for (uint64_t key = 0; key < 1000; key++)
        assert_true(acquire(hall, 0, key, (uint32_t)key % THREADS, false));
    for (uint64_t key = 0; key < 1000; key++)
        assert_true(acquire(hall, 1, key, (uint32_t)(key + 1) % THREADS, false));
    assert_int_equal(hall->locks.n_inside, 2000);
    for (uint64_t key = 0; key < 1000; key++)
        assert_false(release(hall, 0, key, (uint32_t)(key + 1) % THREADS, false));
    assert_int_equal(hall->locks.fact[0].acquired, 1000);
    assert_int_equal(hall->locks.fact[1].acquired, 1000);
    hall_close(hall);
}

/* ---- crowds ---- */

enum { ROUNDS = 60, CROWD_KEYS = 3 };

struct held { uint64_t key; sim_ns from_ns, to_ns; uint32_t thread; };

struct crowd {
    struct hall *hall;
    uint64_t state[THREADS];
    uint32_t round[THREADS];
    uint64_t key[THREADS];
    sim_ns called_ns[THREADS], from_ns[THREADS], longest_ns;
    uint32_t n_got, n_refused, n_late;
    struct held held[THREADS * ROUNDS];
    uint32_t n_held;
    sim_ns gap_ns, hold_ns;
};

static uint32_t below(struct crowd *crowd, uint32_t thread, uint32_t n)
{
    crowd->state[thread] += 0x9e3779b97f4a7c15u;
    return (uint32_t)((random_mix(crowd->state[thread]) >> 32) * n >> 32);
}

static void crowd_got(struct crowd *crowd, uint32_t thread, sim_ns from_ns);

static void on_crowd_acquire(void *context, uint32_t thread, uint64_t argument)
{
    struct crowd *crowd = context;
    (void)argument;
    if (acquire(crowd->hall, 0, crowd->key[thread], thread, false))
        crowd_got(crowd, thread, crowd->hall->sim.now_ns);
}

static void next_round(struct crowd *crowd, uint32_t thread)
{
    if (crowd->round[thread]++ == ROUNDS) return;
    sim_ns now_ns = crowd->hall->sim.now_ns;
    crowd->key[thread] = below(crowd, thread, CROWD_KEYS);
    crowd->called_ns[thread] = now_ns + below(crowd, thread, (uint32_t)crowd->gap_ns);
    sim_at(&crowd->hall->sim, crowd->called_ns[thread] + RTT / 2, SIM_CONSUMER, on_crowd_acquire, crowd, thread, 0);
}

static void on_crowd_release(void *context, uint32_t thread, uint64_t argument)
{
    struct crowd *crowd = context;
    (void)argument;
    bool owner = release(crowd->hall, 0, crowd->key[thread], thread, true);
    sim_ns now_ns = crowd->hall->sim.now_ns, expires_ns = crowd->from_ns[thread] + crowd->hall->spec.lease_ns;
    assert_int_equal(owner, now_ns < expires_ns);
    crowd->n_late += !owner;
    crowd->held[crowd->n_held++] = (struct held){ crowd->key[thread], crowd->from_ns[thread],
                                                  now_ns < expires_ns ? now_ns : expires_ns, thread };
    next_round(crowd, thread);
}

static void crowd_got(struct crowd *crowd, uint32_t thread, sim_ns from_ns)
{
    crowd->n_got++;
    crowd->from_ns[thread] = from_ns;
    sim_at(&crowd->hall->sim, crowd->hall->sim.now_ns + 1 + below(crowd, thread, (uint32_t)crowd->hold_ns),
           SIM_CONSUMER, on_crowd_release, crowd, thread, 0);
}

static void on_crowd_answered(void *context, uint32_t thread, enum lock_answer answer)
{
    struct crowd *crowd = context;
    sim_ns waited_ns = crowd->hall->sim.now_ns - crowd->called_ns[thread];
    if (waited_ns > crowd->longest_ns) crowd->longest_ns = waited_ns;
    /* FALSE never early, and late by two round trips at most: subscription and the try that follows it. */
    sim_ns wait_ns = crowd->hall->spec.wait_ns;
    if (answer == LOCK_GOT) {
        assert_true(waited_ns <= wait_ns + 2 * RTT);
        crowd_got(crowd, thread, crowd->hall->sim.now_ns - (RTT - RTT / 2));
        return;
    }
    assert_true(waited_ns >= wait_ns && waited_ns <= wait_ns + 2 * RTT);
    crowd->n_refused++;
    next_round(crowd, thread);
}

static int by_key_and_time(const void *a, const void *b)
{
    const struct held *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->from_ns > y->from_ns) - (x->from_ns < y->from_ns);
}

static struct crowd *crowd_run(uint64_t seed, sim_ns wait_ns, sim_ns lease_ns, sim_ns gap_ns, sim_ns hold_ns)
{
    struct crowd *crowd = calloc(1, sizeof *crowd);
    assert_non_null(crowd);
    crowd->hall = hall_open(wait_ns, lease_ns);
    crowd->hall->locks.answered = on_crowd_answered;
    crowd->hall->locks.context = crowd;
    crowd->hall->push.constant_ns = (sim_ns)(random_mix(seed) % (uint64_t)PUSH);
    crowd->gap_ns = gap_ns;
    crowd->hold_ns = hold_ns;
    for (uint32_t i = 0; i < THREADS; i++) {
        crowd->state[i] = random_mix(seed * 1000 + i);
        next_round(crowd, i);
    }
    run(crowd->hall);
    /* At Redis one owner a key at any instant. */
    qsort(crowd->held, crowd->n_held, sizeof *crowd->held, by_key_and_time);
    for (uint32_t i = 1; i < crowd->n_held; i++)
        if (crowd->held[i].key == crowd->held[i - 1].key)
            assert_true(crowd->held[i].from_ns >= crowd->held[i - 1].to_ns);
    assert_int_equal(crowd->n_got + crowd->n_refused, THREADS * ROUNDS);
    assert_int_equal(crowd->n_got, crowd->n_held);
    const struct lock_facts *fact = crowd->hall->locks.fact;
    assert_int_equal(fact->acquired, crowd->n_got);
    assert_int_equal(fact->timed_out, crowd->n_refused);
    assert_int_equal(fact->expired_while_held, crowd->n_late);
    assert_int_equal(fact->wait.n, THREADS * ROUNDS);
    expect_empty(crowd->hall);
    return crowd;
}

static void crowd_close(struct crowd *crowd)
{
    hall_close(crowd->hall);
    free(crowd);
}

/* Patience and lease of an hour: nobody is refused, and nobody waits much longer than those before him take. */
static void test_nobody_is_forgotten(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct crowd *crowd = crowd_run(seed, 3600 * SIM_S, 3600 * SIM_S, seed % 2 ? 20 * SIM_MS : SIM_MS, 3 * SIM_MS);
        assert_int_equal(crowd->n_refused, 0);
        assert_true(crowd->hall->locks.fact->contended > THREADS * ROUNDS / 10);
        assert_true(crowd->longest_ns < 60 * SIM_S);
        crowd_close(crowd);
    }
}

static void test_impatient_crowd(void **state)
{
    uint32_t refused = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct crowd *crowd = crowd_run(seed, (sim_ns)(seed % 8) * SIM_MS, 3600 * SIM_S, 10 * SIM_MS, 5 * SIM_MS);
        refused += crowd->n_refused;
        crowd_close(crowd);
    }
    assert_true(refused > 1000);
}

static void test_short_leases(void **state)
{
    uint32_t late = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct crowd *crowd =
            crowd_run(seed, seed % 2 ? 3600 * SIM_S : 4 * SIM_MS, 2 * SIM_MS, 10 * SIM_MS, 3 * SIM_MS);
        late += crowd->n_late;
        crowd_close(crowd);
    }
    assert_true(late > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uncontended), cmocka_unit_test(test_hand_over), cmocka_unit_test(test_second_try),
        cmocka_unit_test(test_shared_subscription), cmocka_unit_test(test_one_permit_for_each_jvm),
        cmocka_unit_test(test_newcomer_overtakes), cmocka_unit_test(test_kept_permit), cmocka_unit_test(test_time_out),
        cmocka_unit_test(test_expiry), cmocka_unit_test(test_expiry_without_waiters), cmocka_unit_test(test_reentrant),
        cmocka_unit_test(test_keys_are_apart), cmocka_unit_test(test_nobody_is_forgotten),
        cmocka_unit_test(test_impatient_crowd), cmocka_unit_test(test_short_leases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
