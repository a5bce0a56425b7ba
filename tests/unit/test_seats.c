/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: seats are given first come, first served, never more than there are, never kept free while somebody waits, also
 * when they are given back ahead of time. Method: a twin that goes through time step by step and counts who sits;
 * random guests who ask, sit, leave the queue, and give their seats back now or for an instant ahead; each guest's
 * instants of sitting down are compared. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "models/seats.h"
#include "sim/engine/random.h"

enum { GUESTS = 400, END = 20000 };

struct guest {
    sim_ns asks_ns, sits_for_ns, leaves_ns; /* leaves: gives up waiting; SIM_NEVER */
    bool tells_early;                       /* gives the seat back at once, for the instant it will be free */
    bool only_tries;                        /* does not wait */
    sim_ns seated_ns;                       /* SIM_NEVER: never */
    bool in_queue;
};

struct house { struct sim sim; struct seats seats; struct guest guest[GUESTS]; uint32_t capacity; };

/* ---- the real seats ---- */

static void on_stand_up(void *context, uint32_t subject, uint64_t argument)
{
    struct house *house = context;
    (void)subject;
    (void)argument;
    seats_give(&house->seats, house->sim.now_ns);
}

static void sit(struct house *house, uint32_t index)
{
    struct guest *guest = &house->guest[index];
    sim_ns until_ns = house->sim.now_ns + guest->sits_for_ns;
    assert_int_equal(guest->seated_ns, SIM_NEVER);
    guest->seated_ns = house->sim.now_ns;
    assert_true(seats_in_use(&house->seats) <= house->capacity);
    if (guest->tells_early) seats_give(&house->seats, until_ns);
    else sim_at(&house->sim, until_ns, SIM_SERVER, on_stand_up, house, index, 0);
}

static void on_granted(void *context, uint32_t index) { sit(context, index); }

static void on_ask(void *context, uint32_t index, uint64_t argument)
{
    struct house *house = context;
    struct guest *guest = &house->guest[index];
    (void)argument;
    bool seated = guest->only_tries ? seats_try(&house->seats) : seats_take(&house->seats, index);
    if (seated) sit(house, index);
}

static void on_leave(void *context, uint32_t index, uint64_t argument)
{
    struct house *house = context;
    (void)argument;
    assert_int_equal(seats_leave(&house->seats, index), house->guest[index].seated_ns == SIM_NEVER);
}

/* ---- the twin ---- */

static void twin_sit(struct guest *guest, sim_ns now_ns)
{
    guest->in_queue = false;
    guest->seated_ns = now_ns;
}

/* Who sits at now_ns: from sitting down up to, and without, the instant of standing up. */
static uint32_t twin_in_use(const struct guest *guest, sim_ns now_ns)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < GUESTS; i++)
        n += guest[i].seated_ns <= now_ns && now_ns < guest[i].seated_ns + guest[i].sits_for_ns;
    return n;
}

static void twin_run(struct guest *guest, uint32_t capacity)
{
    uint32_t queue[GUESTS], n = 0;
    for (sim_ns now_ns = 0; now_ns < END; now_ns++) {
        while (n > 0 && twin_in_use(guest, now_ns) < capacity) {
            twin_sit(&guest[queue[0]], now_ns);
            memmove(queue, queue + 1, --n * sizeof *queue);
        }
        for (uint32_t i = 0; i < GUESTS; i++) {
            if (guest[i].asks_ns != now_ns) continue;
            bool free_seat = twin_in_use(guest, now_ns) < capacity;
            if (free_seat && (n == 0 || guest[i].only_tries)) twin_sit(&guest[i], now_ns);
            else if (!guest[i].only_tries) guest[queue[n++] = i].in_queue = true;
        }
        for (uint32_t i = 0; i < GUESTS; i++) {
            if (guest[i].leaves_ns != now_ns || !guest[i].in_queue) continue;
            uint32_t k = 0;
            while (queue[k] != i) k++;
            memmove(queue + k, queue + k + 1, (--n - k) * sizeof *queue);
            guest[i].in_queue = false;
        }
    }
}

/* ---- both ---- */

static uint32_t below(uint64_t *state, uint32_t n)
{
    *state += 0x9e3779b97f4a7c15u;
    return (uint32_t)((random_mix(*state) >> 32) * n >> 32);
}

/* Instants by fours for arrivals and seats, ones in between for leaving: ties where first come first served says what
 * is right, none elsewhere. */
static void draw_guests(struct house *house, uint64_t seed)
{
    uint64_t state = seed;
    bool with_tries = seed % 3 == 0;
    house->capacity = 1 + below(&state, 5);
    uint32_t gap = 1 + below(&state, 12), stay = gap * house->capacity + below(&state, 10);
    sim_ns at_ns = 0;
    for (uint32_t i = 0; i < GUESTS; i++) {
        at_ns += 4 * (sim_ns)below(&state, 2 * gap + 1);
        house->guest[i] = (struct guest){ .asks_ns = at_ns,
                                          .sits_for_ns = 4 * (sim_ns)(1 + below(&state, stay)),
                                          .leaves_ns = SIM_NEVER,
                                          .seated_ns = SIM_NEVER,
                                          .tells_early = below(&state, 2),
                                          .only_tries = with_tries && below(&state, 4) == 0 };
        if (below(&state, 5) == 0) house->guest[i].leaves_ns = at_ns + 4 * (sim_ns)below(&state, 4 * stay) + 1;
    }
}

static void test_against_the_twin(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct arena arena;
        struct house *house = calloc(1, sizeof *house);
        struct guest expected[GUESTS];
        struct sim_err err = { 0 };
        assert_non_null(house);
        arena_init(&arena);
        sim_init(&house->sim, &arena);
        draw_guests(house, seed);
        memcpy(expected, house->guest, sizeof expected);
        seats_init(&house->seats, &house->sim, 0, house->capacity, on_granted, house);
        for (uint32_t i = 0; i < GUESTS; i++) {
            if (house->guest[i].asks_ns >= END) continue;
            sim_at(&house->sim, house->guest[i].asks_ns, SIM_CONSUMER, on_ask, house, i, 0);
            if (house->guest[i].leaves_ns < END && !house->guest[i].only_tries)
                sim_at(&house->sim, house->guest[i].leaves_ns, SIM_TIMER, on_leave, house, i, 0);
        }
        assert_true(sim_run(&house->sim, 0, &err));
        twin_run(expected, house->capacity);
        for (uint32_t i = 0; i < GUESTS; i++)
            if (expected[i].seated_ns != house->guest[i].seated_ns &&
                (expected[i].seated_ns < END || house->guest[i].seated_ns < END))
                fail_msg("seed %llu, guest %u: seated at %lld, not at %lld", (unsigned long long)seed, i,
                         (long long)house->guest[i].seated_ns, (long long)expected[i].seated_ns);
        assert_int_equal(house->seats.n_queue, 0);
        assert_int_equal(house->seats.n_held, 0);
        assert_true(house->seats.peak <= house->capacity);
        arena_fini(&arena);
        free(house);
    }
}

/* A seat promised for later costs no event while nobody waits, and is free at that very instant. */
static void test_promised_seat(void **state)
{
    struct arena arena;
    struct sim sim;
    struct seats seats;
    (void)state;
    arena_init(&arena);
    sim_init(&sim, &arena);
    seats_init(&seats, &sim, 0, 2, NULL, NULL);
    assert_true(seats_try(&seats));
    assert_true(seats_try(&seats));
    assert_false(seats_try(&seats));
    seats_give(&seats, 100);
    assert_int_equal(seats_in_use(&seats), 2);
    assert_int_equal(sim.queue.n, 0);
    sim.now_ns = 99;
    assert_false(seats_try(&seats));
    sim.now_ns = 100;
    assert_int_equal(seats_in_use(&seats), 1);
    assert_true(seats_try(&seats));
    assert_int_equal(seats.peak, 2);
    assert_false(seats_leave(&seats, 7));
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_against_the_twin), cmocka_unit_test(test_promised_seat) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
