/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: events run in the one order that the header promises, once each, and not when cancelled; what is pending but
 * makes nothing happen is told apart; limits are reported; a fingerprint depends on the facts alone. Method: handlers
 * that write down who they are; random schedules and cancels beside a plain list. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "sim/engine/sim.h"
#include "tests/support/own_arena.h"

enum { MOST = 4096 };

struct diary { struct sim *sim; uint32_t n; uint32_t subject[MOST]; uint64_t argument[MOST]; sim_ns at_ns[MOST]; };

static void note(void *context, uint32_t subject, uint64_t argument)
{
    struct diary *diary = context;
    assert_true(diary->n < MOST);
    diary->subject[diary->n] = subject;
    diary->argument[diary->n] = argument;
    diary->at_ns[diary->n++] = diary->sim->now_ns;
}

static struct diary *diary_open(struct sim *sim)
{
    struct diary *diary = arena_new(&arena, struct diary);
    sim_init(sim, &arena);
    diary->sim = sim;
    return diary;
}

static void test_order(void **state)
{
    struct sim sim;
    struct diary *diary = diary_open(&sim);
    struct sim_err err = { 0 };
    (void)state;
    sim_at(&sim, 5, SIM_SAMPLER, note, diary, 0, 100);
    sim_at(&sim, 5, SIM_TIMER, note, diary, 1, 101);
    sim_at(&sim, 5, SIM_CONSUMER, note, diary, 2, 102);
    sim_at(&sim, 5, SIM_SERVER, note, diary, 3, 103);
    sim_at(&sim, 5, SIM_FAULT, note, diary, 4, 104);
    sim_at(&sim, 4, SIM_SAMPLER, note, diary, 5, 105);
    sim_at(&sim, 5, SIM_CONSUMER, note, diary, 6, 106);
    sim_at(&sim, 5, SIM_SERVER, note, diary, 7, 107);
    assert_true(sim_run(&sim, 0, &err));
    static const uint32_t expected[] = { 5, 4, 3, 7, 2, 6, 1, 0 };
    assert_int_equal(diary->n, 8);
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(diary->subject[i], expected[i]);
        assert_int_equal(diary->argument[i], 100 + expected[i]);
        assert_int_equal(diary->at_ns[i], i == 0 ? 4 : 5);
    }
    assert_int_equal(sim.n_events, 8);
}

static void test_cancel(void **state)
{
    struct sim sim;
    struct diary *diary = diary_open(&sim);
    struct sim_err err = { 0 };
    (void)state;
    assert_false(sim_cancel(&sim, 0));
    sim_handle first = sim_at(&sim, 1, SIM_TIMER, note, diary, 1, 0);
    sim_handle second = sim_at(&sim, 2, SIM_TIMER, note, diary, 2, 0);
    assert_true(first != 0 && second != 0 && first != second);
    assert_true(sim_cancel(&sim, first));
    assert_false(sim_cancel(&sim, first));
    assert_true(sim_run(&sim, 0, &err));
    assert_int_equal(diary->n, 1);
    assert_int_equal(diary->subject[0], 2);
    assert_false(sim_cancel(&sim, second));
    /* The slot of an event that has run serves another one: the old handle must not reach it. */
    sim_handle third = sim_at(&sim, 3, SIM_TIMER, note, diary, 3, 0);
    sim_handle fourth = sim_at(&sim, 3, SIM_TIMER, note, diary, 4, 0);
    assert_false(sim_cancel(&sim, first));
    assert_false(sim_cancel(&sim, second));
    assert_true(sim_cancel(&sim, third));
    assert_true(sim_run(&sim, 0, &err));
    assert_int_equal(diary->n, 2);
    assert_int_equal(diary->subject[1], 4);
    assert_false(sim_cancel(&sim, fourth));
}

/* ---- random schedules and cancels ---- */

struct plain {
    sim_ns at_ns;
    uint32_t priority;
    uint64_t sequence;
    uint32_t subject;
    sim_handle handle;
    bool cancelled, ran;
};

struct world { struct sim sim; struct plain event[MOST]; uint32_t n; uint64_t state; uint32_t n_ran; };

static uint32_t below(struct world *world, uint32_t n)
{
    world->state += 0x9e3779b97f4a7c15u;
    return (uint32_t)((random_mix(world->state) >> 32) * n >> 32);
}

static void on_plain(void *context, uint32_t subject, uint64_t argument);

static void schedule(struct world *world)
{
    if (world->n == MOST) return;
    struct plain *event = &world->event[world->n];
    *event = (struct plain){ .at_ns = world->sim.now_ns + below(world, 20), .priority = below(world, 5),
                             .sequence = world->n, .subject = world->n };
    world->n++;
    event->handle = sim_at(&world->sim, event->at_ns, (enum sim_priority)event->priority, on_plain, world,
                           event->subject, event->sequence);
}

static bool comes_before(const struct plain *a, const struct plain *b)
{
    if (a->at_ns != b->at_ns) return a->at_ns < b->at_ns;
    return a->priority != b->priority ? a->priority < b->priority : a->sequence < b->sequence;
}

/* Nobody who is still waiting may come before the one that runs. Then a few new ones, and a cancel. */
static void on_plain(void *context, uint32_t subject, uint64_t argument)
{
    struct world *world = context;
    struct plain *event = &world->event[subject];
    assert_int_equal(argument, event->sequence);
    assert_int_equal(world->sim.now_ns, event->at_ns);
    assert_false(event->cancelled || event->ran);
    event->ran = true;
    world->n_ran++;
    for (uint32_t i = 0; i < world->n; i++) {
        struct plain *other = &world->event[i];
        if (!other->ran && !other->cancelled) assert_true(comes_before(event, other));
    }
    for (uint32_t i = below(world, 3); i > 0; i--) schedule(world);
    struct plain *victim = &world->event[below(world, world->n)];
    if (below(world, 3) > 0 || victim->priority == SIM_SAMPLER) return;
    assert_int_equal(sim_cancel(&world->sim, victim->handle), !victim->ran && !victim->cancelled);
    if (!victim->ran) victim->cancelled = true;
}

static void test_random_schedules(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world *world = arena_new(&arena, struct world);
        struct sim_err err = { 0 };
        uint32_t expected = 0;
        world->state = seed;
        sim_init(&world->sim, &arena);
        for (int i = 0; i < 300; i++) schedule(world);
        assert_true(sim_run(&world->sim, 0, &err));
        for (uint32_t i = 0; i < world->n; i++) expected += !world->event[i].cancelled;
        assert_int_equal(world->n_ran, expected);
        assert_int_equal(world->sim.n_events, expected);
        assert_int_equal(world->sim.queue.n, 0);
        assert_true(sim_is_idle(&world->sim));
    }
}

/* ---- idle, limits ---- */

/* Forty events of one instant in two classes, some of them cancelled, some that schedule another one there. */
enum { CROWD = 40, SEEDS = 200 };

static void note_and_add(void *context, uint32_t subject, uint64_t argument)
{
    struct diary *diary = context;
    note(context, subject, argument);
    if (argument == 1) sim_at(diary->sim, 7, SIM_CONSUMER, note, diary, CROWD + subject, 0);
}

/* Those who wait for their turn run by rank, whoever was scheduled first: after all others but timers and samplers,
 * also after what is scheduled at their own instant only. */
static void test_turns(void **state)
{
    struct sim sim;
    struct diary *diary = diary_open(&sim);
    struct sim_err err = { 0 };
    (void)state;
    sim_at(&sim, 7, SIM_TIMER, note, diary, 0, 0);
    sim_at_turn(&sim, 7, 2, note, diary, 1, 0);
    sim_at_turn(&sim, 7, 0, note_and_add, diary, 2, 1);
    sim_at(&sim, 7, SIM_SERVER, note, diary, 3, 0);
    sim_at_turn(&sim, 7, 1, note, diary, 4, 0);
    sim_at_turn(&sim, 6, 3, note, diary, 5, 0);
    sim_at(&sim, 7, SIM_CONSUMER, note, diary, 6, 0);
    assert_true(sim_run(&sim, 0, &err));
    static const uint32_t expected[] = { 5, 3, 6, 2, CROWD + 2, 4, 1, 0 };
    assert_int_equal(diary->n, 8);
    for (uint32_t i = 0; i < 8; i++) assert_int_equal(diary->subject[i], expected[i]);
}

static struct diary *shuffled(uint64_t seed)
{
    struct sim *sim = arena_new(&arena, struct sim);
    struct diary *diary = diary_open(sim);
    struct sim_err err = { 0 };
    sim_handle handle[CROWD];
    sim_shuffle(sim, seed);
    for (uint32_t i = 0; i < CROWD; i++)
        handle[i] = sim_at(sim, 7, i % 2 ? SIM_SERVER : SIM_CONSUMER, note_and_add, diary, i, i % 8 == 0);
    sim_at(sim, 6, SIM_TIMER, note, diary, 99, 0);
    for (uint32_t i = 4; i < CROWD; i += 8) assert_true(sim_cancel(sim, handle[i]));
    assert_true(sim_run(sim, 0, &err));
    return diary;
}

/* The order among events of one instant and class follows the seed, every place is possible, and nothing else moves. */
static void test_shuffled_ties(void **state)
{
    uint32_t first[CROWD * 2] = { 0 };
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        const struct diary *diary = shuffled(seed), *again = shuffled(seed);
        assert_int_equal(diary->n, 1 + CROWD - CROWD / 8 + CROWD / 8);
        assert_memory_equal(diary->subject, again->subject, diary->n * sizeof *diary->subject);
        assert_int_equal(diary->subject[0], 99);
        for (uint32_t i = 1; i <= CROWD / 2; i++) assert_true(diary->subject[i] % 2 == 1 && diary->subject[i] < CROWD);
        for (uint32_t i = CROWD / 2 + 1; i < diary->n; i++) assert_int_equal(diary->subject[i] % 2, 0);
        first[diary->subject[1]]++;
    }
    for (uint32_t i = 1; i < CROWD; i += 2) assert_in_range(first[i], 1, SEEDS / 4); /* 10 of 200 on average */
}

static void test_idle(void **state)
{
    struct sim sim;
    struct diary *diary = diary_open(&sim);
    struct sim_err err = { 0 };
    (void)state;
    assert_true(sim_is_idle(&sim));
    sim_at(&sim, 1, SIM_SAMPLER, note, diary, 0, 0);
    assert_true(sim_is_idle(&sim)); /* a sampler looks, and makes nothing happen */
    sim_handle timer = sim_at(&sim, 2, SIM_TIMER, note, diary, 0, 0);
    assert_false(sim_is_idle(&sim));
    assert_true(sim_cancel(&sim, timer));
    assert_true(sim_is_idle(&sim));
    sim_at(&sim, 3, SIM_CONSUMER, note, diary, 0, 0);
    assert_false(sim_is_idle(&sim));
    assert_true(sim_run(&sim, 0, &err));
    assert_true(sim_is_idle(&sim));
}

struct rest { struct sim *sim; uint32_t asked, happened; bool quiet; };

static bool at_rest(void *context)
{
    struct rest *rest = context;
    rest->asked++;
    return rest->quiet;
}

static void on_mishap(void *context, uint32_t subject, uint64_t argument)
{
    struct rest *rest = context;
    (void)argument;
    if (!sim_wakes(rest->sim)) return;
    rest->happened++;
    if (subject == 2) rest->quiet = true;
}

/* What keeps no run alive happens while there is something else to come, or somebody says that something waits; the
 * first time that neither is so, and ever after, it does not. */
static void test_nothing_behind_the_end(void **state)
{
    struct sim sim;
    struct diary *diary = diary_open(&sim);
    struct rest rest = { .sim = &sim };
    struct sim_err err = { 0 };
    (void)state;
    sim.quiet = at_rest;
    sim.quiet_context = &rest;
    for (uint32_t i = 1; i <= 5; i++) sim_at_idle(&sim, (sim_ns)i * 10, SIM_FAULT, on_mishap, &rest, i, 0);
    sim_at(&sim, 10, SIM_CONSUMER, note, diary, 0, 0); /* after the first one, at its instant */
    sim_at(&sim, 60, SIM_SAMPLER, note, diary, 1, 0);
    assert_true(sim_run(&sim, 0, &err));
    assert_int_equal(rest.happened, 2);
    assert_int_equal(rest.asked, 2); /* not at 10; at 20 it was not quiet; at 30 it was, and that is that */
    assert_int_equal(diary->n, 2);
    assert_true(sim_is_idle(&sim));
}

/* Some that walk about, at the same instants now and then: each step is an event, or passed where that is allowed. */
struct walk { struct diary *diary; bool passes; uint32_t n_passed; uint64_t left; };

static void on_walk(void *context, uint32_t subject, uint64_t argument)
{
    struct walk *walk = context;
    struct sim *sim = walk->diary->sim;
    for (;; argument++) {
        note(walk->diary, subject, argument);
        if (--walk->left == 0) sim_stop(sim);
        sim_ns at_ns = sim->now_ns + (sim_ns)(random_mix(argument << 8 | subject) % 8);
        if (!walk->passes || !sim_pass(sim, at_ns, SIM_CONSUMER)) {
            sim_at(sim, at_ns, SIM_CONSUMER, on_walk, walk, subject, argument + 1);
            return;
        }
        walk->n_passed++;
    }
}

static struct walk walk_run(struct sim *sim, bool passes, sim_tap *tap)
{
    struct walk walk = { diary_open(sim), passes, 0, MOST / 2 };
    struct sim_err err = { 0 };
    sim->tap = tap;
    for (uint32_t i = 0; i < 3; i++) sim_at(sim, i, SIM_CONSUMER, on_walk, &walk, i, 0);
    for (uint32_t i = 0; i < 20; i++) sim_at(sim, i * 100, i % 2 ? SIM_SAMPLER : SIM_FAULT, note, walk.diary, 3, i);
    assert_true(sim_run(sim, 0, &err));
    return walk;
}

static void sees_nothing(void *context, const struct sim *sim) { (void)context, (void)sim; }

static void test_pass(void **state)
{
    struct sim usual, passing, watched;
    (void)state;
    const struct walk by_events = walk_run(&usual, false, NULL), by_passing = walk_run(&passing, true, NULL);
    const struct diary *a = by_events.diary, *b = by_passing.diary;
    assert_true(by_passing.n_passed > 100);
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->subject, b->subject, a->n * sizeof *a->subject);
    assert_memory_equal(a->argument, b->argument, a->n * sizeof *a->argument);
    assert_memory_equal(a->at_ns, b->at_ns, a->n * sizeof *a->at_ns);
    assert_int_equal(usual.n_events, passing.n_events);
    assert_int_equal(usual.sequence, passing.sequence);
    assert_int_equal(walk_run(&watched, true, sees_nothing).n_passed, 0);
}

static void again_now(void *context, uint32_t subject, uint64_t argument)
{
    struct sim *sim = context;
    sim_at(sim, sim->now_ns, SIM_SERVER, again_now, sim, subject, argument);
}

static void again_later(void *context, uint32_t subject, uint64_t argument)
{
    struct sim *sim = context;
    sim_at(sim, sim->now_ns + 1, SIM_SERVER, again_later, sim, subject, argument);
}

static void stop(void *context, uint32_t subject, uint64_t argument)
{
    (void)subject;
    (void)argument;
    sim_stop(context);
}

static void test_limits(void **state)
{
    struct sim sim;
    struct sim_err err = { 0 };
    (void)state;
    sim_init(&sim, &arena);
    sim_at(&sim, 3 * SIM_S, SIM_SERVER, again_now, &sim, 0, 0);
    assert_false(sim_run(&sim, 0, &err));
    assert_int_equal(err.code, SIM_ERUNTIME);
    assert_non_null(strstr(err.text, "3.000000000 s"));
    assert_non_null(strstr(err.text, "a loop that takes no time"));

    sim_init(&sim, &arena);
    memset(&err, 0, sizeof err);
    sim_at(&sim, 0, SIM_SERVER, again_later, &sim, 0, 0);
    assert_false(sim_run(&sim, 1000, &err));
    assert_int_equal(err.code, SIM_ERUNTIME);
    assert_non_null(strstr(err.text, "more than 1000 events"));

    sim_init(&sim, &arena);
    sim_at(&sim, 0, SIM_SERVER, again_later, &sim, 0, 0);
    sim_at(&sim, 500, SIM_FAULT, stop, &sim, 0, 0);
    assert_true(sim_run(&sim, 0, &err));
    assert_int_equal(sim.now_ns, 500);
    assert_int_equal(sim.n_events, 501);
}

/* ---- facts ---- */

static void test_fingerprint(void **state)
{
    struct sim a, b;
    (void)state;
    sim_init(&a, &arena);
    sim_init(&b, &arena);
    for (uint32_t i = 0; i < 100; i++) sim_fact(&a, i * 7, i % 5, i);
    for (uint32_t i = 100; i-- > 0;) sim_fact(&b, i * 7, i % 5, i); /* told in another order */
    assert_true(a.fingerprint == b.fingerprint);
    assert_int_equal(a.last_fact_ns, 99 * 7);
    assert_int_equal(b.last_fact_ns, 99 * 7);
    uint64_t before = b.fingerprint;
    static const struct { sim_ns at_ns; uint32_t kind; uint64_t subject; } facts[] = {
        { 1000, 1, 5 }, { 1001, 1, 5 }, { 1000, 2, 5 }, { 1000, 1, 6 }, { 5, 1, 1000 } };
    uint64_t change[5];
    for (int i = 0; i < 5; i++) {
        sim_fact(&b, facts[i].at_ns, facts[i].kind, facts[i].subject);
        change[i] = b.fingerprint - before;
        before = b.fingerprint;
        for (int k = 0; k < i; k++) assert_true(change[i] != change[k]); /* time, kind and subject all count */
    }
}

/* No two of a million different facts, as close to one another as facts of a run are, give the same change. */
static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void test_facts_are_told_apart(void **state)
{
    enum { TIMES = 100, KINDS = 8, SUBJECTS = 1250 };
    uint64_t *change = malloc(sizeof *change * TIMES * KINDS * SUBJECTS);
    struct sim sim;
    uint32_t n = 0;
    (void)state;
    assert_non_null(change);
    sim_init(&sim, &arena);
    for (sim_ns at_ns = 0; at_ns < TIMES; at_ns++)
        for (uint32_t kind = 1; kind <= KINDS; kind++)
            for (uint64_t subject = 0; subject < SUBJECTS; subject++) {
                uint64_t before = sim.fingerprint;
                sim_fact(&sim, at_ns, kind, subject % 2 ? subject : subject << 40);
                change[n++] = sim.fingerprint - before;
            }
    qsort(change, n, sizeof *change, by_value);
    for (uint32_t i = 1; i < n; i++) assert_true(change[i] != change[i - 1]);
    free(change);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancel, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_random_schedules, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_turns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_shuffled_ties, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_idle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_behind_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pass, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fingerprint, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_facts_are_told_apart, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
